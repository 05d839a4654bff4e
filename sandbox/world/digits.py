"""Check digits, implemented independently of the hub's rules. Tests compare both, and a third implementation."""

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC_VALUE = {char: value for value, char in enumerate(_USCC)}
_BASE36_VALUE = {char: value for value, char in enumerate(_BASE36)}
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = tuple(pow(2, 17 - i, 11) for i in range(17))


def resident_check(first17: str) -> str:
    """The check character of a resident ID number (GB 11643).

    >>> resident_check("36042619910101007")
    '1'
    """
    total = sum(int(char) * weight for char, weight in zip(first17, _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def uscc_check(first17: str) -> str:
    """The check character of a USCC (GB 32100-2015). The outer ``mod 31`` turns 31 into 0.

    >>> uscc_check("91110000600037341"), uscc_check("11110000000021135")
    ('L', 'M')
    """
    total = sum(_USCC_VALUE[char] * weight for char, weight in zip(first17, _USCC_WEIGHTS, strict=True))
    return _USCC[(31 - total % 31) % 31]


def org_check(first8: str) -> str:
    """The check character of an organisation code, its ninth character (GB 11714).

    >>> org_check("60003734")
    '1'
    """
    total = sum(_BASE36_VALUE[char] * weight for char, weight in zip(first8, _ORG_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def elicence_check(body: str) -> str:
    """The check character of an e-licence identifier (GB/T 36904): ISO 7064 MOD 37,36 over type + issuer + serial +
    version, without dots.

    >>> elicence_check("11100000000013338W01111430000006122244L20230000403001")
    'U'
    """
    product = 36
    for char in body:
        product = (product + _BASE36_VALUE[char]) % 36 or 36
        product = product * 2 % 37
    return _BASE36[(37 - product) % 36]


def resident_id(region: str, birth: str, sequence: int) -> str:
    """A resident number of 18 characters; ``birth`` is YYYYMMDD, an odd ``sequence`` is a man's."""
    first17 = f"{region}{birth}{sequence:03d}"
    return first17 + resident_check(first17)


def legacy_id(number: str) -> str:
    """The 15-digit form that old titles carry: no century, no check digit."""
    return number[:6] + number[8:17]


def from_legacy(number: str) -> str:
    """The 18-character form of a number; one of 18 characters as it is.

    >>> from_legacy("360426910101007")
    '360426199101010071'
    """
    if len(number) != 15:
        return number
    first17 = f"{number[:6]}19{number[6:]}"
    return first17 + resident_check(first17)


def organisation_code(first8: str) -> str:
    """An organisation code of nine characters (GB 11714)."""
    return first8 + org_check(first8)


def uscc(prefix: str, first8: str) -> str:
    """``prefix`` is department, kind and region (8 characters), ``first8`` the organisation code without its check."""
    first17 = prefix + organisation_code(first8)
    return first17 + uscc_check(first17)


def code31(value: int, width: int) -> str:
    """A number in the USCC's alphabet."""
    chars = []
    for _ in range(width):
        value, digit = divmod(value, 31)
        chars.append(_USCC[digit])
    return "".join(reversed(chars))


def value31(code: str) -> int:
    """The number that ``code31`` wrote; -1 for anything else."""
    value = 0
    for char in code:
        if char not in _USCC_VALUE:
            return -1
        value = value * 31 + _USCC_VALUE[char]
    return value


def elicence_id(kind: str, issuer: str, serial: str, version: int) -> str:
    """A whole e-licence identifier with dots and root."""
    check = elicence_check(f"{kind}{issuer}{serial}{version:03d}")
    return f"1.2.156.3005.2.{kind}.{issuer}.{serial}.{version:03d}.{check}"
