"""Why the hub refuses what a caller submits or asks for, and where the remedy is not plain, what to do."""

from collections.abc import Mapping
from typing import Final

REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "TICKET_FORM": ("身份核验凭据无法读取。", "This is no ticket of an identity service."),
    "TICKET_SIGNATURE": (
        "身份核验凭据的签名无效，或签名方不在可信名单内。",
        "The ticket's signature is not valid, or no identity service that is trusted here made it.",
    ),
    "TICKET_OTHER_APPLICATION": ("身份核验凭据属于另一申请。", "The ticket was made for another application."),
    "TICKET_OTHER_PERSON": (
        "身份核验凭据不是申请中所填的人的。",
        "The ticket is about another person than the application names.",
    ),
    "TICKET_NO_MATCH": (
        "身份核验结果为“不是本人”；可改在窗口办理。",
        "The identity service found that it is not this person; a counter is always another way.",
    ),
    "TICKET_NO_CONSENT": ("提供身份信息须取得本人单独同意。", "To name the person needs a separate consent."),
    "CHOICE_INVALID": (
        "所选不动产无效，或属于另一申请，请重新选择。",
        "This is no choice from the titles that were listed for this application: please list them again.",
    ),
    "FILE_TOO_LARGE": ("证照文件过大，未保存。", "The file of the licence is too large: it was not stored."),
    "FILE_TYPE": ("来源给出的不是 OFD 或 PDF 文件，未保存。", "What the source gave is no OFD and no PDF."),
    "FILE_DIGEST": ("证照文件与来源给出的摘要不符，未保存。", "The file is not what the source's digest says."),
    "FILE_NONE": ("来源没有此证照的文件。", "The source has no file of this licence."),
    "FILE_NOT_GRANTED": (
        "授权或用途不允许取得证照文件，请运维人员查看 hub grants check。",
        "The grant or the purpose does not allow the file: operators see `hub grants check`.",
    ),
    "FILE_REFUSED": ("来源拒绝提供证照文件。", "The source refused the file."),
    "FILE_UNAVAILABLE": ("来源三天内未能给出证照文件。", "The source did not give the file within three days."),
    "FILE_RECALLED": ("该材料已撤回、被更正，或申请已取消。", "The evidence does not stand any more."),
    "FILE_ERASED": ("证照文件已过保存期限或已删除。", "The file's term is over, or its holder's data was erased."),
    "FILE_DAMAGED": ("保存的证照文件已损坏，请联系运维人员。", "The stored file does not open: call operators."),
    "FILE_NOT_YET": ("证照文件尚未取得，请稍后再取。", "The file has not arrived yet: ask again later."),
    "FILE_NOT_WANTED": ("此推送件没有证照文件。", "This delivery has no file of a licence."),
    "TICKET_USED": ("身份核验凭据已被另一申请使用。", "Another application has used the ticket."),
    "NOT_ASKED": (
        "不得要求或提交申请资料清单以外的内容（津工信电力〔2021〕8号 §5）。",
        "Nothing beyond the policy's list may be asked for or submitted (津工信电力〔2021〕8号 §5).",
    ),
    "MATERIAL_NOT_LISTED": (
        "该材料不在本环节的申请资料清单内，不得要求（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "The policy's list for this segment does not have this material, so it may not be asked for "
        "(津工信电力〔2021〕8号 §5). The request is recorded.",
    ),
    "MATERIAL_FETCHED": (
        "该材料已由枢纽获取，不得再向客户索要（津工信电力〔2021〕8号 §6）；此要求已记录。",
        "The hub has fetched this material: the customer may not be asked for it again (津工信电力〔2021〕8号 §6). "
        "The request is recorded.",
    ),
    "MATERIAL_AWAITED": (
        "该材料由枢纽向政府部门获取，正在查找，不得向客户索要（津工信电力〔2021〕8号 §6）；此要求已记录。",
        "The hub gets this material from government and is looking for it: the customer may not be asked for it "
        "(津工信电力〔2021〕8号 §6). The request is recorded.",
    ),
    "NOTICE_GIVEN": (
        "本环节已一次性告知，客户补交前不得再次提出要求，补交后也只能就新交的资料提出"
        "（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "Everything was told at once for this segment: no more may be asked for before the customer has handed "
        "something in, and then only about what is new (津工信电力〔2021〕8号 §5). The request is recorded.",
    ),
    "NOTICE_AFTER_END": (
        "本次用电报装已结束，不得再向客户索要资料（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "This application has ended: nothing more may be asked for (津工信电力〔2021〕8号 §5). The request is "
        "recorded.",
    ),
    "REQUEST_CONFLICT": ("请求编号已用于其他资料；已记录。", "The request id has other materials; recorded."),
    "DOCUMENTS_FULL": ("本申请登记的材料过多。", "The application has too many documents."),
    "FIELD_MISSING": ("缺少必填内容。", "A required field is missing."),
    "FIELD_INVALID": ("内容不符合要求。", "The value of a field is not allowed."),
    "PURPOSE_UNKNOWN": ("用途不在允许范围内。", "This purpose is not in the table of purposes."),
    "CHANNEL_UNKNOWN": ("没有登记此渠道。", "This channel is not one of the installation's."),
    "CHANNEL_NOT_YOURS": ("该令牌不能使用此渠道。", "The token is not for this channel."),
    "LEGAL_BASIS_UNKNOWN": ("法律依据须为该用途所列代码之一。", "The legal basis must be a code of this purpose."),
    "TEXT_CONTROL": (
        "内容含有不可见字符、控制字符或改变文字方向的字符。",
        "A text contains an invisible character, a control character or one that changes the direction of the text.",
    ),
    "TEXT_ENCODING": ("文本编码错误。", "A text contains a code point that is no character."),
    "UNREADABLE": ("无法读取提交的内容。", "The body cannot be read."),
    "HEAD_TOO_LARGE": ("请求头过大。", "The head of the request is too large."),
    "TOO_LARGE": ("提交的内容过大。", "The body is too large."),
    "ID_FORM": ("身份证号格式不正确。", "Not a resident ID number."),
    "ID_DATE": ("身份证号中的日期不存在。", "The date in the resident ID number does not exist."),
    "ID_CHECK": ("身份证号校验位不正确。", "The resident ID number's check character is wrong."),
    "USCC_FORM": ("统一社会信用代码格式不正确。", "Not a unified social credit code."),
    "USCC_CHECK": ("统一社会信用代码校验位不正确。", "The unified social credit code's check character is wrong."),
    "UNIT_FORM": ("不动产单元号格式不正确。", "Not a real-estate unit number."),
    "EXTERNAL_NO_TAKEN": ("该渠道已用此编号提交过其他内容。", "The channel has used the number for other content."),
    "NO_SUCH_DELIVERY": ("没有此推送件。", "There is no such delivery."),
    "DELIVERY_ENDED": (
        "该推送件已有不同的结果（以其他编号确认、已拒收或已停止），未作更改。",
        "This delivery has ended otherwise: it was acknowledged with another number, refused or stopped. Nothing is "
        "changed.",
    ),
    "RATING_NO_EVIDENCE": (
        "评价须凭该申请自己的查询凭证，由客户本人作出；本次评价不予采纳并已记录。",
        "A rating needs the application's own token: no one else may rate. It is refused, and recorded.",
    ),
    "REQUEST_NO_SEGMENT": (
        "此类客户没有这个环节，无需申请（津工信电力〔2021〕8号 附件2）。",
        "This kind of customer has no such segment: it need not be asked for (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_NOT_NEEDED": (
        "该环节无需申请，供电企业正在办理（津工信电力〔2021〕8号 附件2）。",
        "This segment waits for no request: it is with the utility already (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_NOT_NEXT": (
        "前面的环节尚未办结，暂不能申请（津工信电力〔2021〕8号 附件2）。申请时间已记录；如前面的环节"
        "实际上在此之前已办结，自该时间起算。",
        "What comes before it is not done (津工信电力〔2021〕8号 annex 2). The time of the request is stored: it "
        "counts if the utility tells that the step before was done by then.",
    ),
    "REQUEST_DONE": (
        "该环节已经办结（津工信电力〔2021〕8号 附件2）。",
        "This segment has been answered already (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_AFTER_END": (
        "本次用电报装已结束，没有可申请的环节（津工信电力〔2021〕8号 附件2）。",
        "This application has ended: there is no segment to ask for (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_TAKEN_BACK": (
        "本申请已撤回；如仍需用电，请重新提交申请（津工信电力〔2021〕8号 附件2）。",
        "The application was taken back: submit a new one where electricity is still wanted "
        "(津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUESTS_FULL": ("本申请登记的环节申请过多。", "The application has too many requests for segments."),
    "RATING_EARLY": ("办理结束后方可评价。", "The service can be rated when the application has ended."),
    "RATING_GIVEN": (
        "该申请已经评价过，每件申请只评价一次。",
        "The application has been rated already: once for each application.",
    ),
    "NO_FOLLOW_UP": ("该申请没有待办的差评回访。", "No follow-up of a bad rating is open for this application."),
    "ANSWERS_FULL": ("该问题的答复过多。", "The question has too many answers."),
    "LOOKS_FULL": ("本申请的查看次数已达上限。", "The application has been looked at too often."),
    "NO_SUCH_QUESTION": ("该申请没有此问题。", "The application has no such question."),
    "NO_SUCH_CASE": ("没有此办件。", "There is no such case."),
    "NO_SUCH_APPLICATION": ("没有此申请。", "There is no such application."),
    "NO_SUCH_TRANSFER": ("没有此过户。", "There is no such transfer."),
    "TRANSFER_ENDED": ("该过户已办结或未办成，不能撤销。", "The transfer has ended: it is not cancelled."),
    "NAME_ILLEGIBLE": (
        "权利人姓名或名称不完整（空白、打码或占位，如“王*”“无”）；请按其证件填写全称。",
        "A holder's name is not whole (masked, or a placeholder such as 无): please give it as the document has it.",
    ),
    "HOLDER_TWICE": (
        "同一权利人重复填写（15位与18位身份证号为同一人）；请只保留一个。",
        "One holder is there twice (an ID number of 15 digits and its 18 digits are one person): keep one of them.",
    ),
    "HOLDERS_SAME": (
        "原权利人与新权利人相同，没有变更；仅共有份额变更的，请以 DIVISION 提交并填写原权证号 title_no。",
        "The old and the new holders are the same. Where only their shares change, submit it as DIVISION and name the "
        "old title by its number, title_no.",
    ),
    "TRANSFER_OPEN": (
        "该户号、不动产过户给相同权利人的申请正在办理，无需重复提交；需要更改的，请先撤销原申请。",
        "A transfer of this account and unit to the same holders is open already: follow that one, or cancel it first.",
    ),
    "HOLDER_UNCONFIRMED": (
        "新权利人未全部确认，且无委托。",
        "A new holder has not agreed, and none acts by a mandate.",
    ),
    "MATTER_TWICE": ("同一户号和不动产重复提交。", "One account of one title is there twice."),
    "UNAUTHORISED": ("缺少访问令牌或令牌无效。", "The bearer token is missing or not valid."),
    "SIGNATURE_MISSING": ("请求没有签名。", "The request is not signed (RFC 9421)."),
    "SIGNATURE_FORM": (
        "签名字段无法读取，或有多个签名；须含 created、nonce（16 至 128 个字符）、keyid，算法为 ed25519。",
        "The signature fields cannot be read, or there are several: it needs created, nonce (16 to 128 characters) and "
        "keyid, and the algorithm is ed25519.",
    ),
    "SIGNATURE_COVERS": (
        "签名须覆盖 @method、content-digest，以及 @target-uri 或 @authority 和 @path。",
        "A signature covers @method, content-digest, and @target-uri or both @authority and @path.",
    ),
    "SIGNATURE_TIME": (
        "签名时间与本系统时间相差过大，或已过期；请校准时钟后重新签名。",
        "The signature was made too long ago or in the future, or has expired: see the clock, then sign again.",
    ),
    "SIGNATURE_KEY": (
        "签名所用的密钥没有登记，或当日不在有效期内。",
        "The key of the signature is not registered, or not for this day.",
    ),
    "SIGNATURE_WRONG": ("签名与请求不符。", "The signature is not that of this request."),
    "SIGNATURE_DIGEST": (
        "Content-Digest 缺失或与内容不符（须为 sha-256 或 sha-512）。",
        "The Content-Digest is missing or is not that of the content; it is sha-256 or sha-512.",
    ),
    "SIGNATURE_USED": (
        "该签名已使用过；重发须用新的 nonce 重新签名。",
        "The signature was used before: sign again with another nonce to send again.",
    ),
    "NUMBER_OF_TWO_CASES": (
        "供电企业的同一申请编号对应两个申请，只凭该编号报送的环节不计入任何一个；请核对编号。",
        "Another application has the same number of the utility: a step that names only this number counts for "
        "neither. Please ask the utility which one it is.",
    ),
    "STEP_CONFLICT": (
        "同一事件编号下已有内容不同的事件；两份均已留存，更正之前计入最严的一份，另一份交审计人员核查。",
        "There is another content under this event id. Both are stored: the strictest one counts until it is "
        "corrected, and an auditor is shown the other one.",
    ),
    "REPORT_CONFLICT": (
        "同一事件编号下已有内容不同的反馈；两份均已留存，以先到的为准，另一份供人工核对。",
        "There is another content under this event id. Both are stored: the first one counts, and a person is "
        "shown the other one.",
    ),
    "FORBIDDEN": ("令牌没有此操作的权限。", "The token does not allow this."),
    "DIVISION_NOT_YOURS": ("该调用方没有登记此行政区划。", "The client is not registered for this division."),
    "PURPOSE_NOT_YOURS": ("该调用方没有登记此用途。", "The client is not registered for this purpose."),
    "QUERY_UNKNOWN": ("没有此查询参数。", "There is no such query parameter."),
    "NO_SUCH_ROUTE": ("没有此接口。", "There is no such route."),
    "METHOD_NOT_ALLOWED": ("此接口不支持该方法。", "The route does not have this method."),
    "REQUEST_TIMEOUT": ("请求没有在规定时间内发送完毕。", "The request was not sent in time."),
    "TOO_MANY_REQUESTS": ("请求过于频繁，请稍后重试。", "Too many requests; please wait."),
    "TRY_LATER": ("服务暂时不可用，请稍后重试。", "Temporarily unavailable; please try again."),
    "INTERNAL": ("服务内部错误。", "Something went wrong inside the hub."),
}
"""Code → the words in Chinese and in English."""
