"""Every reason that a case can show, for people to read: in Chinese and English. Codes are stable, words are not."""

from typing import NamedTuple


class Words(NamedTuple):
    """The words of one reason, as a person reads them in Chinese and in English."""

    zh: str
    en: str


NEW = "NEW"
ASKED = "ASKED"
FOUND_CHECKING = "FOUND_CHECKING"
NOT_FOUND = "NOT_FOUND"
UNAVAILABLE = "UNAVAILABLE"
REFUSED_BY_SOURCE = "REFUSED_BY_SOURCE"
NO_LOOKUP = "NO_LOOKUP"
NOT_CURRENT = "NOT_CURRENT"
EXPIRED = "EXPIRED"
NOT_VERIFIED = "NOT_VERIFIED"
OTHER_SITE = "OTHER_SITE"
AMBIGUOUS = "AMBIGUOUS"
ADDRESS_UNCLEAR = "ADDRESS_UNCLEAR"
ASSURANCE_LOW = "ASSURANCE_LOW"
PURPOSE_NOT_GRANTED = "PURPOSE_NOT_GRANTED"
CHANGED = "CHANGED"
SUPERSEDED = "SUPERSEDED"
CASE_OVER = "CASE_OVER"
ERASED = "ERASED"
MET = "MET"
HELD_BY_OTHER = "HELD_BY_OTHER"
CANCELLED = "CANCELLED"
SEAL_BROKEN = "SEAL_BROKEN"
KEY_DAMAGED = "KEY_DAMAGED"
REFUSED = "REFUSED"
UNCONFIRMED = "UNCONFIRMED"
NOT_TOLD = "NOT_TOLD"
NO_SOURCE = "NO_SOURCE"
TICKET_NEEDED = "TICKET_NEEDED"
TICKET_EXPIRED = "TICKET_EXPIRED"
NO_FILE = (
    *("FILE_TOO_LARGE", "FILE_TYPE", "FILE_DIGEST", "FILE_NONE", "FILE_NOT_GRANTED", "FILE_REFUSED"),
    *("FILE_UNAVAILABLE", "FILE_RECALLED", "FILE_ERASED", "FILE_DAMAGED", "FILE_NOT_YET", "FILE_NOT_WANTED"),
)
"""Why a system that asks for the file of a licence gets none."""
OF_TICKETS = (TICKET_NEEDED, TICKET_EXPIRED, "TICKET_OTHER_APPLICATION", "TICKET_USED")
"""Why a source refuses a ticket, as far as it says so in the hub's words."""

_GOES_ON_ZH = "不影响受理，记录到达后自动补送。"
_GOES_ON_EN = "The application continues; the evidence is sent by itself when the record arrives."

_WORDS = {
    NEW: Words("正在查找所需证照。", "The record is being looked for."),
    ASKED: Words("已向数据来源查询，等待答复。", "The source has been asked; its answer is awaited."),
    FOUND_CHECKING: Words("来源已返回记录，正在核验。", "The source returned the record; it is being verified."),
    NOT_FOUND: Words(f"来源中暂无此记录。{_GOES_ON_ZH}", f"The source has no such record yet. {_GOES_ON_EN}"),
    UNAVAILABLE: Words(
        f"来源系统暂时无法访问，将自动重试。{_GOES_ON_ZH}",
        f"The source cannot be reached and will be asked again. {_GOES_ON_EN}",
    ),
    REFUSED_BY_SOURCE: Words(
        "来源系统拒绝了查询，请工作人员核对用途和授权。",
        "The source refused the query: please check purpose and authorisation.",
    ),
    NO_LOOKUP: Words(
        f"没有可按此信息查询的来源，等待数据推送。{_GOES_ON_ZH}",
        f"No source can be asked by what the application names; the hub waits for the feed. {_GOES_ON_EN}",
    ),
    NOT_CURRENT: Words(
        "找到的证照已注销、吊销、暂停或被取代，请工作人员核对。",
        "The record found is cancelled, revoked, suspended or superseded: please check.",
    ),
    EXPIRED: Words("找到的证照已过有效期，请工作人员核对。", "The record found has expired: please check."),
    NOT_VERIFIED: Words(
        "来源返回了记录，但尚无通过核验的记录，请工作人员核对来源数据。",
        "The source returned a record, but none has passed verification yet: please check the source's data.",
    ),
    OTHER_SITE: Words(
        f"来源中有申请人名下的记录，但均不在本次申请的用电地址，请工作人员核对地址或补充不动产单元号。{_GOES_ON_ZH}",
        "The source has records of the applicant, but none of them is for this site: please check the address, or add "
        f"the unit number. {_GOES_ON_EN}",
    ),
    AMBIGUOUS: Words(
        "该条件对应多个登记单元，不能自动判断，请工作人员确认。",
        "Several registered units match: please choose one.",
    ),
    ADDRESS_UNCLEAR: Words(
        "地址不够具体，不能自动匹配不动产登记，请工作人员补充不动产单元号或完整地址。",
        "The address is too vague to be matched: please add the unit number or the full address.",
    ),
    ASSURANCE_LOW: Words(
        "找到的记录可信级别不符合本用途的要求，请工作人员核对。",
        "The record found is not trusted enough for this purpose: please check.",
    ),
    PURPOSE_NOT_GRANTED: Words(
        "找到的记录所属来源的数据共享授权不包括本用途，请工作人员核对。",
        "A record was found, and the grant of its source is not for this purpose: please check.",
    ),
    CHANGED: Words(
        "证照在推送前发生变化，正在重新查找。",
        "The record changed before it was delivered; it is being looked for again.",
    ),
    CASE_OVER: Words(
        "材料已撤回且办件已办结，不再向来源查询。",
        "It was taken back and the case has ended: no source is asked for it any more.",
    ),
    ERASED: Words("该主体的个人信息已依法删除。", "The subject's personal data has been erased."),
    MET: Words("已找到经核验的记录。", "A verified record has been found."),
    CANCELLED: Words(
        "申请人已撤销申请，不再查找。",
        "The applicant has taken the application back: it is not looked for any more.",
    ),
    HELD_BY_OTHER: Words(
        "不动产权利人不是申请人（例如租户），已推送并提示工作人员核对；不得因此拒绝受理。",
        "The holder of the title is not the applicant (for example a tenant): delivered for a person to check. "
        "It is no reason to refuse the application.",
    ),
    KEY_DAMAGED: Words(
        "密钥损坏，数据暂时无法读取，请管理员恢复密钥库。",
        "The key of the data is damaged: an administrator must restore the vault.",
    ),
    SEAL_BROKEN: Words(
        "记录的封存校验不通过，已停止推送，请审计人员检查。",
        "The seal of the record is broken: not delivered, an auditor must check it.",
    ),
    REFUSED: Words(
        "供电企业业务系统拒绝接收，原因如下，请工作人员处理。",
        "The connection system refused it for the reason given: please correct it.",
    ),
    UNCONFIRMED: Words(
        "供电企业业务系统多次答复，但既未确认也未拒绝；已停止推送以免重复，请工作人员与该系统核对后释放。",
        "The connection system answered several times and neither confirmed nor refused it. It is not sent again, so "
        "that it is not there twice: please check with that system, then release the application.",
    ),
    NOT_TOLD: Words(
        "预警接收人的地址约一天没有应答，已停止通知；恢复后释放该申请，即以同一键再次通知。",
        "The recipient's address did not answer for about a day, and is not tried any more: release the application "
        "when it answers, and the warning is posted again under the same key.",
    ),
    NO_SOURCE: Words(
        f"尚无提供此类证照的数据来源，请线下核对；不得因此拒绝受理。{_GOES_ON_ZH}",
        f"No source of such records is set up: a person checks it, and may not refuse for it. {_GOES_ON_EN}",
    ),
    TICKET_NEEDED: Words(
        f"需要本次申请的身份核验凭据（人脸核验或窗口核验均可，效力相同）。{_GOES_ON_ZH}",
        "A ticket of the identity service for this application is needed, by face or from a counter: both count the "
        f"same. {_GOES_ON_EN}",
    ),
    TICKET_EXPIRED: Words(
        "身份核验凭据已过有效期，请重新核验（人脸或窗口均可）。",
        "The ticket's time is over: please be checked again, by face or at a counter.",
    ),
    # Questions to a person about an application: never a refusal.
    "SANLING_ABOVE_CAPACITY": Words(
        "申请“三零”服务的容量超过160千瓦，请工作人员核对；不影响受理。",
        "The 三零 service is for up to 160 kW, and this application is for more: please check. It continues.",
    ),
    "SANLING_AT_HIGH_VOLTAGE": Words(
        "160千瓦及以下“三零”客户应以低压方式接入，请工作人员核对供电电压；不影响受理。",
        "A 三零 customer of up to 160 kW is connected at low voltage: please check the voltage. It continues.",
    ),
    "RESIDENT_AT_HIGH_VOLTAGE": Words(
        "居民客户申请高压供电，请工作人员核对；不影响受理。",
        "A resident applies for high voltage: please check. It continues.",
    ),
    "SITE_OUTSIDE_CITY": Words(
        "用电地址不在本市，请工作人员核对；不影响受理。",
        "The site is outside the city: please check. It continues.",
    ),
    "SAME_SITE": Words(
        "用电地址与不动产坐落不能自动判断是否为同一处，请工作人员对照两段地址核对；不影响受理。",
        "Whether the site and the title's address are one door cannot be said: please compare both. It continues.",
    ),
    "SEVERAL_TITLES_ONE_SITE": Words(
        "该用电地址对应多本不动产权证，请工作人员核对是否均属于本次用电；不影响受理。",
        "Several titles are on this site: please check whether all of them belong to it. It continues.",
    ),
    "SEVERAL_SITES_ONE_TITLE": Words(
        "一本不动产权证包含多处坐落，请工作人员核对是否包括本次用电地址；不影响受理。",
        "One title names several places: please check whether the site is one of them. It continues.",
    ),
    "PUBLIC_HOUSING_NO_TITLE": Words(
        "来源中没有该地址的不动产登记，请工作人员核对是否为没有权证的公有房屋（住房或商铺，可凭租赁凭证）；不影响受理。",
        "No title of this site is registered: please check whether it is public housing, a home or a shop, which has "
        "none. It continues.",
    ),
    # Refusals of what was submitted.
    "TICKET_FORM": Words("身份核验凭据无法读取。", "This is no ticket of an identity service."),
    "TICKET_SIGNATURE": Words(
        "身份核验凭据的签名无效，或签名方不在可信名单内。",
        "The ticket's signature is not valid, or no identity service that is trusted here made it.",
    ),
    "TICKET_OTHER_APPLICATION": Words("身份核验凭据属于另一申请。", "The ticket was made for another application."),
    "TICKET_OTHER_PERSON": Words(
        "身份核验凭据不是申请中所填的人的。", "The ticket is about another person than the application names."
    ),
    "TICKET_NO_MATCH": Words(
        "身份核验结果为“不是本人”；可改在窗口办理。",
        "The identity service found that it is not this person; a counter is always another way.",
    ),
    "TICKET_NO_CONSENT": Words("提供身份信息须取得本人单独同意。", "To name the person needs a separate consent."),
    "CHOICE_INVALID": Words(
        "所选不动产无效，或属于另一申请，请重新选择。",
        "This is no choice from the titles that were listed for this application: please list them again.",
    ),
    "FILE_TOO_LARGE": Words("证照文件过大，未保存。", "The file of the licence is too large: it was not stored."),
    "FILE_TYPE": Words("来源给出的不是 OFD 或 PDF 文件，未保存。", "What the source gave is no OFD and no PDF."),
    "FILE_DIGEST": Words("证照文件与来源给出的摘要不符，未保存。", "The file is not what the source's digest says."),
    "FILE_NONE": Words("来源没有此证照的文件。", "The source has no file of this licence."),
    "FILE_NOT_GRANTED": Words(
        "授权或用途不允许取得证照文件，请运维人员查看 hub grants check。",
        "The grant or the purpose does not allow the file: operators see `hub grants check`.",
    ),
    "FILE_REFUSED": Words("来源拒绝提供证照文件。", "The source refused the file."),
    "FILE_UNAVAILABLE": Words("来源三天内未能给出证照文件。", "The source did not give the file within three days."),
    "FILE_RECALLED": Words("该材料已撤回、被更正，或申请已取消。", "The evidence does not stand any more."),
    "FILE_ERASED": Words("证照文件已过保存期限或已删除。", "The file's term is over, or its holder's data was erased."),
    "FILE_DAMAGED": Words("保存的证照文件已损坏，请联系运维人员。", "The stored file does not open: call operators."),
    "FILE_NOT_YET": Words("证照文件尚未取得，请稍后再取。", "The file has not arrived yet: ask again later."),
    "FILE_NOT_WANTED": Words("此推送件没有证照文件。", "This delivery has no file of a licence."),
    "TICKET_USED": Words("身份核验凭据已被另一申请使用。", "Another application has used the ticket."),
    "NOT_ASKED": Words(
        "不得要求或提交申请资料清单以外的内容（津工信电力〔2021〕8号 §5）。",
        "Nothing beyond the policy's list may be asked for or submitted (津工信电力〔2021〕8号 §5).",
    ),
    "MATERIAL_NOT_LISTED": Words(
        "该材料不在本环节的申请资料清单内，不得要求（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "The policy's list for this segment does not have this material, so it may not be asked for "
        "(津工信电力〔2021〕8号 §5). The request is recorded.",
    ),
    "MATERIAL_FETCHED": Words(
        "该材料已由枢纽获取，不得再向客户索要（津工信电力〔2021〕8号 §6）；此要求已记录。",
        "The hub has fetched this material: the customer may not be asked for it again (津工信电力〔2021〕8号 §6). "
        "The request is recorded.",
    ),
    "MATERIAL_AWAITED": Words(
        "该材料由枢纽向政府部门获取，正在查找，不得向客户索要（津工信电力〔2021〕8号 §6）；此要求已记录。",
        "The hub gets this material from government and is looking for it: the customer may not be asked for it "
        "(津工信电力〔2021〕8号 §6). The request is recorded.",
    ),
    "NOTICE_GIVEN": Words(
        "本环节已一次性告知，客户补交前不得再次提出要求，补交后也只能就新交的资料提出"
        "（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "Everything was told at once for this segment: no more may be asked for before the customer has handed "
        "something in, and then only about what is new (津工信电力〔2021〕8号 §5). The request is recorded.",
    ),
    "NOTICE_AFTER_END": Words(
        "本次用电报装已结束，不得再向客户索要资料（津工信电力〔2021〕8号 §5）；此要求已记录。",
        "This application has ended: nothing more may be asked for (津工信电力〔2021〕8号 §5). The request is "
        "recorded.",
    ),
    "REQUEST_CONFLICT": Words("请求编号已用于其他资料；已记录。", "The request id has other materials; recorded."),
    "DOCUMENTS_FULL": Words("本申请登记的材料过多。", "The application has too many documents."),
    "FIELD_MISSING": Words("缺少必填内容。", "A required field is missing."),
    "FIELD_INVALID": Words("内容不符合要求。", "The value of a field is not allowed."),
    "PURPOSE_UNKNOWN": Words("用途不在允许范围内。", "This purpose is not in the table of purposes."),
    "CHANNEL_UNKNOWN": Words("没有登记此渠道。", "This channel is not one of the installation's."),
    "CHANNEL_NOT_YOURS": Words("该令牌不能使用此渠道。", "The token is not for this channel."),
    "LEGAL_BASIS_UNKNOWN": Words("法律依据须为该用途所列代码之一。", "The legal basis must be a code of this purpose."),
    "TEXT_CONTROL": Words(
        "内容含有不可见字符、控制字符或改变文字方向的字符。",
        "A text contains an invisible character, a control character or one that changes the direction of the text.",
    ),
    "TEXT_ENCODING": Words("文本编码错误。", "A text contains a code point that is no character."),
    "UNREADABLE": Words("无法读取提交的内容。", "The body cannot be read."),
    "HEAD_TOO_LARGE": Words("请求头过大。", "The head of the request is too large."),
    "TOO_LARGE": Words("提交的内容过大。", "The body is too large."),
    "ID_FORM": Words("身份证号格式不正确。", "Not a resident ID number."),
    "ID_DATE": Words("身份证号中的日期不存在。", "The date in the resident ID number does not exist."),
    "ID_CHECK": Words("身份证号校验位不正确。", "The resident ID number's check character is wrong."),
    "USCC_FORM": Words("统一社会信用代码格式不正确。", "Not a unified social credit code."),
    "USCC_CHECK": Words("统一社会信用代码校验位不正确。", "The unified social credit code's check character is wrong."),
    "UNIT_FORM": Words("不动产单元号格式不正确。", "Not a real-estate unit number."),
    "EXTERNAL_NO_TAKEN": Words(
        "该渠道已用此编号提交过其他内容。", "The channel has used the number for other content."
    ),
    "NO_SUCH_DELIVERY": Words("没有此推送件。", "There is no such delivery."),
    "DELIVERY_ENDED": Words(
        "该推送件已有不同的结果（以其他编号确认、已拒收或已停止），未作更改。",
        "This delivery has ended otherwise: it was acknowledged with another number, refused or stopped. Nothing is "
        "changed.",
    ),
    "RATING_NO_EVIDENCE": Words(
        "评价须凭该申请自己的查询凭证，由客户本人作出；本次评价不予采纳并已记录。",
        "A rating needs the application's own token: no one else may rate. It is refused, and recorded.",
    ),
    "REQUEST_NO_SEGMENT": Words(
        "此类客户没有这个环节，无需申请（津工信电力〔2021〕8号 附件2）。",
        "This kind of customer has no such segment: it need not be asked for (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_NOT_NEEDED": Words(
        "该环节无需申请，供电企业正在办理（津工信电力〔2021〕8号 附件2）。",
        "This segment waits for no request: it is with the utility already (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_NOT_NEXT": Words(
        "前面的环节尚未办结，暂不能申请（津工信电力〔2021〕8号 附件2）。申请时间已记录；如前面的环节"
        "实际上在此之前已办结，自该时间起算。",
        "What comes before it is not done (津工信电力〔2021〕8号 annex 2). The time of the request is stored: it "
        "counts if the utility tells that the step before was done by then.",
    ),
    "REQUEST_DONE": Words(
        "该环节已经办结（津工信电力〔2021〕8号 附件2）。",
        "This segment has been answered already (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_AFTER_END": Words(
        "本次用电报装已结束，没有可申请的环节（津工信电力〔2021〕8号 附件2）。",
        "This application has ended: there is no segment to ask for (津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUEST_TAKEN_BACK": Words(
        "本申请已撤回；如仍需用电，请重新提交申请（津工信电力〔2021〕8号 附件2）。",
        "The application was taken back: submit a new one where electricity is still wanted "
        "(津工信电力〔2021〕8号 annex 2).",
    ),
    "REQUESTS_FULL": Words("本申请登记的环节申请过多。", "The application has too many requests for segments."),
    "RATING_EARLY": Words("办理结束后方可评价。", "The service can be rated when the application has ended."),
    "RATING_GIVEN": Words(
        "该申请已经评价过，每件申请只评价一次。", "The application has been rated already: once for each application."
    ),
    "NO_FOLLOW_UP": Words("该申请没有待办的差评回访。", "No follow-up of a bad rating is open for this application."),
    "ANSWERS_FULL": Words("该问题的答复过多。", "The question has too many answers."),
    "NO_SUCH_QUESTION": Words("该申请没有此问题。", "The application has no such question."),
    "NO_SUCH_CASE": Words("没有此办件。", "There is no such case."),
    "NO_SUCH_APPLICATION": Words("没有此申请。", "There is no such application."),
    "NO_SUCH_TRANSFER": Words("没有此过户。", "There is no such transfer."),
    "TRANSFER_ENDED": Words("该过户已办结或未办成，不能撤销。", "The transfer has ended: it is not cancelled."),
    "HOLDER_UNCONFIRMED": Words(
        "新权利人未全部确认，且无委托。", "A new holder has not agreed, and none acts by a mandate."
    ),
    "MATTER_TWICE": Words("同一户号和不动产重复提交。", "One account of one title is there twice."),
    "UNAUTHORISED": Words("缺少访问令牌或令牌无效。", "The bearer token is missing or not valid."),
    "SIGNATURE_MISSING": Words("请求没有签名。", "The request is not signed (RFC 9421)."),
    "SIGNATURE_FORM": Words(
        "签名字段无法读取，或有多个签名；须含 created、nonce（16 至 128 个字符）、keyid，算法为 ed25519。",
        "The signature fields cannot be read, or there are several: it needs created, nonce (16 to 128 characters) and "
        "keyid, and the algorithm is ed25519.",
    ),
    "SIGNATURE_COVERS": Words(
        "签名须覆盖 @method、content-digest，以及 @target-uri 或 @authority 和 @path。",
        "A signature covers @method, content-digest, and @target-uri or both @authority and @path.",
    ),
    "SIGNATURE_TIME": Words(
        "签名时间与本系统时间相差过大，或已过期；请校准时钟后重新签名。",
        "The signature was made too long ago or in the future, or has expired: see the clock, then sign again.",
    ),
    "SIGNATURE_KEY": Words(
        "签名所用的密钥没有登记，或当日不在有效期内。",
        "The key of the signature is not registered, or not for this day.",
    ),
    "SIGNATURE_WRONG": Words("签名与请求不符。", "The signature is not that of this request."),
    "SIGNATURE_DIGEST": Words(
        "Content-Digest 缺失或与内容不符（须为 sha-256 或 sha-512）。",
        "The Content-Digest is missing or is not that of the content; it is sha-256 or sha-512.",
    ),
    "SIGNATURE_USED": Words(
        "该签名已使用过；重发须用新的 nonce 重新签名。",
        "The signature was used before: sign again with another nonce to send again.",
    ),
    "NUMBER_OF_TWO_CASES": Words(
        "供电企业的同一申请编号对应两个申请，只凭该编号报送的环节不计入任何一个；请核对编号。",
        "Another application has the same number of the utility: a step that names only this number counts for "
        "neither. Please ask the utility which one it is.",
    ),
    "STEP_CONFLICT": Words(
        "同一事件编号下已有内容不同的事件；两份均已留存，更正之前计入最严的一份，另一份交审计人员核查。",
        "There is another content under this event id. Both are stored: the strictest one counts until it is "
        "corrected, and an auditor is shown the other one.",
    ),
    "REPORT_CONFLICT": Words(
        "同一事件编号下已有内容不同的反馈；两份均已留存，以先到的为准，另一份供人工核对。",
        "There is another content under this event id. Both are stored: the first one counts, and a person is "
        "shown the other one.",
    ),
    "FORBIDDEN": Words("令牌没有此操作的权限。", "The token does not allow this."),
    "DIVISION_NOT_YOURS": Words("该调用方没有登记此行政区划。", "The client is not registered for this division."),
    "PURPOSE_NOT_YOURS": Words("该调用方没有登记此用途。", "The client is not registered for this purpose."),
    "QUERY_UNKNOWN": Words("没有此查询参数。", "There is no such query parameter."),
    "NO_SUCH_ROUTE": Words("没有此接口。", "There is no such route."),
    "METHOD_NOT_ALLOWED": Words("此接口不支持该方法。", "The route does not have this method."),
    "REQUEST_TIMEOUT": Words("请求没有在规定时间内发送完毕。", "The request was not sent in time."),
    "TOO_MANY_REQUESTS": Words("请求过于频繁，请稍后重试。", "Too many requests; please wait."),
    "TRY_LATER": Words("服务暂时不可用，请稍后重试。", "Temporarily unavailable; please try again."),
    "INTERNAL": Words("服务内部错误。", "Something went wrong inside the hub."),
}


def words(code: str) -> Words:
    """A reason in plain words. For a code without words, the code in both languages.

    >>> words("NOT_FOUND").en[:40]
    'The source has no such record yet. The a'
    """
    return _WORDS.get(code, Words(code, code))
