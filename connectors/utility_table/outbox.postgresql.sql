-- The outbox table of utility_table, in the connection system's own database (PostgreSQL, 人大金仓, 瀚高, openGauss).
-- 推送表：枢纽插入前四列；其余各列由用电报装系统填写。
CREATE TABLE onecert_delivery (
    delivery_key  char(32)     PRIMARY KEY,   -- 推送件的键 key of the piece
    app_no        char(14)     NOT NULL,      -- 枢纽的申请编号 the hub's number of the application
    kind          varchar(64)  NOT NULL,      -- 种类 registration, or what the piece is
    body          text         NOT NULL,      -- 正文，JSON
    placed_at     timestamptz  NOT NULL DEFAULT now(),
    state         smallint     NOT NULL DEFAULT 0,  -- 0 未处理 waits, 1 已接收 taken, 2 拒收 refused
    answer_no     varchar(64),                -- appNo, receiptNo
    answered_at   varchar(40),                -- ISO 8601
    error_code    varchar(64),
    error_message varchar(2000)
);
CREATE INDEX onecert_delivery_waits ON onecert_delivery (state, placed_at);
-- GRANT SELECT, INSERT ON onecert_delivery TO onecert_hub;
