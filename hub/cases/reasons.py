"""Every reason that a case can show, for people to read: in Chinese and English. Codes are stable, words are not."""

from typing import NamedTuple

from hub.cases.words.refusals import REFUSALS


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
NOT_OF_SITE = "NOT_OF_SITE"
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
        f"来源中有相关记录，但均不在本次申请的用电地址，请工作人员核对地址或补充不动产单元号。{_GOES_ON_ZH}",
        "The source has records of the applicant or of this address, but none of them is for this site: please check "
        f"the address, or add the unit number. {_GOES_ON_EN}",
    ),
    NOT_OF_SITE: Words(
        "工作人员更正：此不动产不在本次申请的用电地址。已推送的此项材料不再作数。",
        "A person has taken back that this title is of the site: what was sent of it does not count any more.",
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
    **{code: Words(*both) for code, both in REFUSALS.items()},
}


def words(code: str) -> Words:
    """A reason in plain words. For a code without words, the code in both languages.

    >>> words("NOT_FOUND").en[:40]
    'The source has no such record yet. The a'
    """
    return _WORDS.get(code, Words(code, code))
