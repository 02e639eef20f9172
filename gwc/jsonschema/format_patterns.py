"""The grammars behind the formats of strings, written as expressions of ECMA-262 with flag u."""

from __future__ import annotations

# RFC 3339, 5.6. Years are four digits; 0000 is a leap year of the proleptic Gregorian calendar.
_LEAP_YEAR = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_FULL_DATE = (
    r"(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_FULL_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+\-](?:[01]\d|2[0-3]):[0-5]\d)"
DATE = f"^{_FULL_DATE}$"
TIME = f"^{_FULL_TIME}$"
DATE_TIME = f"^{_FULL_DATE}[Tt]{_FULL_TIME}$"


def _leap_minute() -> str:
    """The minutes of a leap second: 23:59:60 UTC is minute 59 plus, or minus, those of the offset."""
    minutes = "|".join(f"{minute:02}:60[.\\d]*(?:\\+\\d\\d:{(minute + 1) % 60:02}|-\\d\\d:{59 - minute:02})" for minute in range(60))
    return rf"^[^:]*:(?:[0-5]\d:[0-5]\d|59:60[.\d]*[Zz]|{minutes})"


def _leap_hour() -> str:
    """The hours of a leap second, given that its minutes are right: they carry into the hour unless they are 59."""
    hours = "|".join(
        f"{hour:02}:(?:59:60[.\\d]*\\+{(hour + 1) % 24:02}|(?:[0-4]\\d|5[0-8]):60[.\\d]*\\+{hour:02}|[0-5]\\d:60[.\\d]*-{23 - hour:02})"
        for hour in range(24)
    )
    return rf"^(?:[\d\-]*[Tt])?(?:\d\d:[0-5]\d:[0-5]\d|23:59:60[.\d]*[Zz]|{hours})"


LEAP_SECOND = ":60"
"""What a text of `TIME` or `DATE_TIME` has only in second 60: without it there is no need for the two long expressions."""

LEAP_MINUTE = _leap_minute()
"""With `TIME` or `DATE_TIME`: second 60 stands only where the minute is that of 23:59 UTC."""

LEAP_HOUR = _leap_hour()
"""With `LEAP_MINUTE`: and only where the hour is, too."""

# RFC 3339, appendix A.
_DUR_TIME = r"T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_DUR_DATE = r"(?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?)"
DURATION = f"^P(?:{_DUR_DATE}(?:{_DUR_TIME})?|{_DUR_TIME}|\\d+W)$"

# RFC 2673, 3.2 (as RFC 3986 writes it, without leading zeros) and RFC 4291, 2.2 (as RFC 3986 writes it).
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_H16 = "[0-9A-Fa-f]{1,4}"


def _v6() -> str:
    last = f"(?:{_H16}:{_H16}|{_V4})"
    options = [f"(?:{_H16}:){{6}}{last}", f"::(?:{_H16}:){{5}}{last}"]
    options += [f"(?:(?:{_H16}:){{0,{before - 1}}}{_H16})?::(?:{_H16}:){{{5 - before}}}{last}" for before in range(1, 6)]
    options += [f"(?:(?:{_H16}:){{0,5}}{_H16})?::{_H16}", f"(?:(?:{_H16}:){{0,6}}{_H16})?::"]
    return f"(?:{'|'.join(options)})"


_V6 = _v6()
IPV4 = f"^{_V4}$"
IPV6 = f"^{_V6}$"

# RFC 1123, 2.1: letters, digits and hyphens; labels of 1 to 63. Labels xn--... are names of DNS like others: they are not decoded.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
HOSTNAME = f"^{_DOMAIN}$"

# RFC 5321, 4.1.2 Mailbox; 4.5.3.1.1: a local part has at most 64 octets.
_ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
MAILBOX = rf"^(?:{_ATEXT}(?:\.{_ATEXT})*|{_QUOTED})@(?:{_DOMAIN}|\[(?:{_V4}|[Ii][Pp][Vv]6:{_V6})\])$"
LOCAL_PART_64 = r"^[ -~]{0,64}@[ -?A-~]*$"

# RFC 3986, appendix A; RFC 3987, 2.2.
_SCHEME = r"[A-Za-z][A-Za-z0-9+\-.]*"
_PCT = "%[0-9A-Fa-f]{2}"
_SUB_DELIMS = "!$&'()*+,;="
_UNRESERVED = r"A-Za-z0-9\-._~"
_UCSCHAR = r"\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}" + "".join(
    f"\\u{{{plane:X}{'1000' if plane == 0xE else '0000'}}}-\\u{{{plane:X}FFFD}}" for plane in range(1, 15)
)
_IPRIVATE = r"\u{E000}-\u{F8FF}\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}"


def _reference(letters: str, private: str) -> tuple[str, str]:
    """A whole URI, and a relative reference, without anchors. `letters`: what is unreserved; `private`: what queries have besides."""
    pchar = f"(?:[{letters}{_SUB_DELIMS}:@]|{_PCT})"
    host = rf"(?:\[(?:{_V6}|[Vv][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+)\]|(?:[{letters}{_SUB_DELIMS}]|{_PCT})*)"
    authority = rf"(?:(?:[{letters}{_SUB_DELIMS}:]|{_PCT})*@)?{host}(?::\d*)?"
    absolute = f"(?:/(?:{pchar}+(?:/{pchar}*)*)?)"
    hierarchy = f"//{authority}(?:/{pchar}*)*|{absolute}"
    rootless = f"{pchar}+(?:/{pchar}*)*"
    noscheme = f"(?:[{letters}{_SUB_DELIMS}@]|{_PCT})+(?:/{pchar}*)*"
    tail = rf"(?:\?(?:[{letters}{_SUB_DELIMS}:@/?{private}]|{_PCT})*)?(?:#(?:[{letters}{_SUB_DELIMS}:@/?]|{_PCT})*)?"
    return f"{_SCHEME}:(?:{hierarchy}|{rootless})?{tail}", f"(?:{hierarchy}|{noscheme})?{tail}"


_URI, _RELATIVE = _reference(_UNRESERVED, "")
_IRI, _RELATIVE_IRI = _reference(_UNRESERVED + _UCSCHAR, _IPRIVATE)
URI = f"^{_URI}$"
URI_REFERENCE = f"^(?:{_URI}|{_RELATIVE})$"
IRI = f"^{_IRI}$"
IRI_REFERENCE = f"^(?:{_IRI}|{_RELATIVE_IRI})$"

# RFC 6570, 2; literals take the apostrophe, too, as an erratum and the suite of JSON Schema have it.
_VARCHAR = f"(?:[A-Za-z0-9_]|{_PCT})"
_VARSPEC = rf"{_VARCHAR}(?:\.?{_VARCHAR})*(?:\*|:[1-9]\d{{0,3}})?"
_LITERAL = rf"(?:[!#$&-;=?-\[\]_a-z~{_UCSCHAR}{_IPRIVATE}]|{_PCT})"
URI_TEMPLATE = rf"^(?:{_LITERAL}|\{{[+#./;?&=,!@|]?{_VARSPEC}(?:,{_VARSPEC})*\}})*$"

UUID = "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"  # RFC 4122, 3

# RFC 6901, 3; draft-bhutton-relative-json-pointer-00 without its index manipulation, which no known validator takes.
_POINTER = "(?:/(?:[^~/]|~[01])*)*"
JSON_POINTER = f"^{_POINTER}$"
RELATIVE_JSON_POINTER = rf"^(?:0|[1-9]\d*)(?:#|{_POINTER})$"

BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"  # RFC 4648, 4
