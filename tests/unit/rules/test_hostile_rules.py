"""Rule files that mean harm, or that somebody wrote wrong: a line with the place, and no harm."""

import ast
import io
import json
import os
import random
import re
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cli.rules.check import check
from rules.compiled import CompiledRules
from rules.faults import Fault, RuleSetError, did_you_mean
from rules.pattern import Pattern
from rules.reading.shared import Shared
from rules.ruleset import MOST_BYTES, load
from tests.unit.rules.test_rule_language import EXPRESSIONS

pytestmark = pytest.mark.timeout(60)  # hangs are what this is about

EXAMPLES = Path(__file__).parents[3] / "rules" / "examples"
CARD = "4012888888881881"


def rule(when: str, name: str = "x") -> str:
    return f'[[rule]]\nname = "{name}"\nthen = "review"\nwhen = {json.dumps(when)}\n'


def listed(value: str, when: str = 'in_list(token, "them")') -> str:
    return f"[lists]\nthem = {value}\n{rule(when)}"


def checked(file: Path) -> list[str]:
    """The lines of `rules check`, without the file's name."""
    console = Console(file=io.StringIO(), width=10_000)
    assert check(file, console) == 1
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(line.startswith(f"{file}:") for line in lines)
    return [line.removeprefix(f"{file}:") for line in lines]


IN_EXPRESSIONS: Final = {
    # -- to reach Python, or to keep it busy
    "().__class__.__bases__[0].__subclasses__() == 1": "4:9: rule x: attributes are not allowed",
    'open("/etc/passwd") == "x"': "4:9: rule x: unknown function `open`",
    "__builtins__ == 1": "4:9: rule x: unknown field `__builtins__`",
    "print": "4:9: rule x: unknown field `print`",
    "_luhn_ok == 1": "4:9: rule x: unknown field `_luhn_ok`: did you mean `luhn_ok`?",
    'card == "4"': "4:9: rule x: unknown field `card`",
    "fired == 1": "4:9: rule x: unknown field `fired`",
    "lower(first_name)(1)": "4:9: rule x: only functions are called",
    "lower.__globals__ == 1": "4:9: rule x: attributes are not allowed",
    '"%1000000000d" % 1 == first_name': "4:9: rule x: `%` needs numbers, but this is a string",
    'first_name == "a"*10**9': "4:23: rule x: `*` needs numbers, but this is a string",
    'first_name == f"{1:>1000000000}"': "4:23: rule x: f-strings are not allowed",
    "amount > 10**10**10": "4:18: rule x: this operator is not allowed",
    "amount > 1 << 10000000000": "4:18: rule x: this operator is not allowed",
    "amount > 0x" + "f" * 3_900: "4:18: rule x: a number is too large",
    "amount > " + "9_" * 1_900 + "9": "4:18: rule x: a number is too large",
    "amount > " + "*".join(["1e15"] * 200): "4:9: rule x: the expression is nested too deeply",
    "amount > " + "-" * 3_900 + "1": "4:9: rule x: the expression is nested too deeply",
    "amount > " + "+".join(["1"] * 1_900): "4:9: rule x: the expression is nested too deeply",
    "(" * 10_000 + "luhn_ok" + ")" * 10_000: "4:9: rule x: the expression has 20,007 characters",
    "lower(" * 45 + "bin" + ")" * 45 + ' == "a"': "4:9: rule x: the expression is nested too deep",
    "<".join(["1"] * 1_900): "4:9: rule x: the expression has over 500 parts",
    "a" * 3_900 + " > 1": "4:9: rule x: unknown field `" + "a" * 64 + "`",
    "(yield amount)": "4:10: rule x: this is not allowed in a rule",
    "await amount": "4:9: rule x: this is not allowed in a rule",
    "amount > 1; import os": "4:19: rule x: not an expression: invalid syntax",
    "amount > 1)\nimport os\n(1": "4:22: rule x: not an expression: invalid syntax",
    'len(*["a"]) > 1': "4:13: rule x: * is not allowed here",
    # -- patterns
    'matches(bin, "(((a{100}){100}){100}){100}")': "4:22: rule x: not a pattern that RE2 takes",
    'matches(bin, "' + "a{1000}" * 100 + '")': "4:22: rule x: not a pattern that RE2 takes",
    'matches(bin, r"(a)\\1")': "4:22: rule x: not a pattern that RE2 takes: invalid escape",
    r"matches(bin, r'\pL" + r"|\pN" * 20 + "')": (
        r"4:22: rule x: not a pattern that RE2 takes: 21 classes of Unicode, \p; at most 20"
    ),
    'matches(bin, "(" * 9)': "4:22: rule x: `*` needs numbers",
    # -- what no record holds, or the parser passes over
    'first_name == "\\ud800"': "4:23: rule x: never true: no record holds a lone surrogate",
    'matches(bin, "\\udfff")': "4:22: rule x: never true: no record holds a lone surrogate",
    'first_name == "\0"': "4:25: rule x: the expression contains a NUL character",
    'matches(bin, "\\d\\b")': r"4:24: rule x: `\d` is no character: write r before the quote",
    'first_name == "\\N{DIGIT ONE}"': r"4:25: rule x: `\N` is no character",
    "amount > 1and luhn_ok": "4:18: rule x: a blank is missing after 1",
    # -- never true, by type or by value
    'amount == "5"': "4:9: rule x: a number cannot be compared with a string",
    "last4 == 1111": "4:9: rule x: a string cannot be compared with a number",
    'hour in ["1"]': "4:9: rule x: never true: a number is not in a list of strings",
    'network == "viza"': "4:20: rule x: never true: network is visa, mastercard, amex, discover, "
    "diners, jcb, unionpay, maestro or empty: did you mean `visa`?",
    'network in ["visa", "Amex"]': "4:31: rule x: never true: network is",
    'bin == "12345"': "4:16: rule x: never true: bin is six digits or empty",
    '"41111111" == bin': "4:9: rule x: never true: bin is six digits or empty",
    'startswith(bin, "41111111")': "4:25: rule x: never true: bin is six digits or empty, and th",
    "weekday in [6, 7]": "4:24: rule x: never true: weekday is 0 (Monday) to 6 (Sunday)",
    "hour == -1": "4:17: rule x: never true: hour is a whole number from 0 to 23",
    "hour > 23": "4:16: rule x: never true: hour is a whole number from 0 to 23",
    "24 <= hour": "4:9: rule x: never true: hour is a whole number from 0 to 23",
    "hour >= 23.5": "4:17: rule x: never true: hour is a whole number from 0 to 23",
    "1 < weekday < 0": "4:23: rule x: never true: weekday is 0 (Monday) to 6 (Sunday)",
    "card_length < 0": "4:23: rule x: never true: card_length is a whole number from 0",
    "card_length == 15.5": "4:24: rule x: never true: card_length is a whole number from 0",
    "len(bin) > 6": "4:20: rule x: never true: bin is six digits or empty",
    "16 == len(last4)": "4:9: rule x: never true: last4 is four digits or empty",
    "len(token) < 32": "4:22: rule x: never true: token is 32 hex digits in lower case",
    "len(lower(first_name)) < 0": "4:34: rule x: never true: a text has 0 characters or more",
    "len(last_name) == 1.5": "4:27: rule x: never true: a text has 0 characters or more",
    'startswith(network, "Visa")': "4:29: rule x: never true: network is visa, mastercard, amex",
    "len(bin) in [6, 7]": "4:25: rule x: never true: bin is six digits or empty",
    '"Visa" in network': "4:9: rule x: never true: network is visa, ",
    "hour == +25": "4:17: rule x: never true: hour is a whole number from 0 to 23",
    'contains(bin, "x")': "4:23: rule x: never true: bin is six digits or empty",
    'endswith(token, "9F")': "4:25: rule x: never true: token is 32 hex digits in lower case",
    'token == "9F"': "4:18: rule x: never true: token is 32 hex digits in lower case",
    # -- as it is written elsewhere
    "luhn_ok && amount > 1": "4:17: rule x: not an expression: write and instead of &&",
    "luhn_ok || amount > 1": "4:17: rule x: not an expression: write or instead of ||",
    "!luhn_ok": "4:9: rule x: not an expression: write not instead of !",
    'network = "visa"': "4:17: rule x: not an expression: write == instead of =",
    "luhn_ok AND amount > 1": "4:17: rule x: not an expression: write and instead of AND",
    "luhn_ok Or amount > 1": "4:17: rule x: not an expression: write or instead of Or",
    "NOT luhn_ok": "4:9: rule x: not an expression: write not instead of NOT",
    "NOT(luhn_ok)": "4:9: rule x: write not instead of NOT",
    'network IN ["visa"]': "4:17: rule x: not an expression: write in instead of IN",
    'first_name LIKE "a%"': "4:20: rule x: not an expression: write matches, startswith, endswith",
    "amount between 1 and 2": "4:16: rule x: not an expression: write two comparisons, such as",
    "luhn_ok == TRUE": "4:20: rule x: `TRUE` is not allowed: write the condition, or not before it",
    'matches(last_name, "a{1,300}") AND luhn_ok': "4:42: rule x: not an expression: write and",
    'amount > 1,000 or last_name == "[ 1,000"': "4:18: rule x: a number has no commas: write 1000",
    "amount > 1,000": "4:18: rule x: a number has no commas: write 1000",
    "amount in [100,200] AND luhn_ok": "4:29: rule x: not an expression: write and instead of AND",
    "amount > 12,050,000.5": "4:18: rule x: a number has no commas: write 12050000.5",
    # -- strings that Python joins
    'bin in ["411111" "422222"]': "4:28: rule x: a comma is missing before this string",
    'contains(first_name, "a"\n # b\n "c")': "4:44: rule x: a comma is missing before this string",
    "last_name == 'a'r'b'": "4:25: rule x: a comma is missing before this string",
    'first_name in"x" "y"': "4:28: rule x: a comma is missing before this string",
    'luhn_ok or"b" "c" == bin': "4:25: rule x: a comma is missing before this string",
    # -- words that touch a quotation mark, and strings without an end
    r'bin not in"x " and matches(bin, "\bfoo")': r"4:45: rule x: `\b` is no character: write r",
    r'bin in"a\d"': r"4:18: rule x: `\d` is no character: write r",
    'bin == b"x"': "4:16: rule x: b'x' is not allowed",
    'bin == f"x"': "4:16: rule x: f-strings are not allowed",
    r'bin == "a\d': "4:16: rule x: not an expression: unterminated string literal",
    r'bin == """a\d ""': "4:16: rule x: not an expression: unterminated triple-quoted",
    "amount <> 1": "4:16: rule x: not an expression: write != instead of <>",
}


@pytest.mark.parametrize("when", IN_EXPRESSIONS, ids=lambda when: when[:30].replace("\0", "NUL"))
def test_a_hostile_expression_is_a_line(when: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    file.write_text(rule(when))
    (line, *_) = checked(file)
    assert line.startswith(IN_EXPRESSIONS[when])
    assert len(line) < 250


BROKEN_BY_DESIGN: Final = {
    "nothing": ("", "1:1: no rules: write at least one [[rule]]"),
    "no rule": ("[lists]\nthem = ['a']\n", "1:1: no rules: write at least one [[rule]]"),
    "array of 10,000 levels": ("a = " + "[" * 10_000, "1:1: nested too deeply"),
    "inline tables": ("a = " + "{a=" * 10_000, "1:1: nested too deeply"),
    "dotted key": (".".join("a" * 200_000) + " = 1", "1:1: a key has too many parts"),
    "header": ("[" + ".".join(["'a'"] * 100_000) + "]", "1:2: a key has too many parts"),
    "headers of many parts": (
        "".join(f"[a{i}{'.b' * 60}]\n" for i in range(6_500)),
        "167:86: more than 10,000 dots outside of strings",
    ),
    "dotted keys": (
        "".join(f"a{i}{'.b' * 62} = 1\n" for i in range(6_500)),
        "162:41: more than 10,000 dots outside of strings",
    ),
    "dotted keys in an inline table": (
        "a = {" + ", ".join(f"b{i}{'.c' * 60} = 1" for i in range(6_500)) + "}",
        "1:21560: more than 10,000 dots outside of strings",
    ),
    "tables": (
        "[[rule]]\n" * 98_000,
        "15001:1: more than 30,000 keys, tables and brackets",
    ),
    "lists of lists": (
        "a = [" + "[[]]," * 170_000 + "]",
        "1:75001: more than 30,000 keys, tables and brackets",
    ),
    "lines": ("#\n" * 440_000, "1:1: more than 200,000 lines"),
    # -- a search for the end from each quotation mark would take hours
    "string without an end": ('a = "' + r"\"" * 449_000, "1:898006: not TOML: Unterminated string"),
    "strings without an end": (
        'a = """' + '\\"""\n' * 170_000,
        "170001:1: not TOML: Unterminated string",
    ),
    "expressions without an end": (
        "".join(rule('"' + r"\"" * 1_990, f"r{i}") for i in range(110)),
        "4:9: rule r0: not an expression: unterminated string literal",
    ),
    "integers": ("#" + ("9" * 4_299 + " ") * 200 + "\na = " + "9" * 5_000, "2:5: a number has too"),
    "key of 65 parts": (
        "a = 1.5\n" + " . ".join(["'b.c'", "d"] * 32 + ["e"]) + " = 1",
        "2:1: a key has too many parts",
    ),
    "integer": ("a = " + "9" * 800_000, "1:5: a number has too many digits"),
    "points": (f"[[rule]]\npoints = {'9' * 4_000}", "1:1: rule number 1: name is missing"),
    "hexadecimal": ("rule = 0x" + "f" * 800_000, "1:1: write rules as [[rule]]"),
    "key": ("a" * 800_000 + " = 1", f"1:1: unknown key `{'a' * 64}`"),
    "rule name": (
        f'[[rule]]\nname = "{"a" * 800_000}"\nthen = "review"\nwhen = "luhn_ok"',
        "2:1: rule number 1: name is a string like",
    ),
    "NUL": (rule("luhn_ok") + "\0", "5:1: not TOML: Invalid statement"),
    "NUL in a string": ('[[rule]]\nname = "a\0"', r"2:10: not TOML: Illegal character '\x00'"),
    "carriage returns": (rule("luhn_ok").replace("\n", "\r"), "1:9: not TOML: Expected newline"),
    "10 MB": ("x = [" + '"a",' * 2_500_000 + "]", "1:1: more than 900,000 bytes"),
    "rules": (rule("luhn_ok") * 5_000, "2001:1: 5,000 rules; at most 500"),
    "very many rules": (
        rule("luhn_ok") * 10_000,
        "24001:1: more than 30,000 keys, tables and brackets",
    ),
    "numbers": ("a = [" + "1e1," * 222_000 + "]", "1:400009: more than 100,000 entries of lists"),
    "keys of long strings": (
        "".join(f'a{index}="""\\\n"""\n' for index in range(55_000)),
        "60001:7: more than 30,000 keys, tables and brackets",
    ),
    "names": (rule("luhn_ok") * 2, "6:1: rule x: another rule has this name"),
    "keys": ('[[rule]]\nname = "a"\nname = "b"', "3:11: not TOML: Cannot overwrite a value"),
    "lists": (
        "[lists]\n" + "".join(f"l{i} = []\n" for i in range(1_000)),
        "1:1: [lists]: 1,000 lists; at most 100",
    ),
    "parts": (
        "".join(rule(" or ".join(["amount > 1"] * 100), f"r{i}") for i in range(80)),
        "268:1: with this rule the set has over 20,000 parts of expressions",
    ),
    "patterns": (
        "".join(rule(f"matches(bin, '{i}')", f"r{i}") for i in range(300)),
        "804:1: with this rule the set has over 200 patterns",
    ),
    "large patterns": (
        "".join(rule(rf"matches(last_name, r'\pL{{13}}x{i}')", f"r{i}") for i in range(200)),
        "28:28: rule r6: with this pattern those of the set are over 100,000 instructions of RE2",
    ),
    "patterns that are too large": (
        "".join(rule(rf"matches(last_name, r'\pL{{54}}x{i}')", f"r{i}") for i in range(200)),
        "4:28: rule r0: not a pattern that RE2 takes: pattern too large - compile failed",
    ),
    "infinity": ("[thresholds]\nreview = inf", "2:1: [thresholds]: review is a number above 0"),
    "not a number": ("[thresholds]\nreview = nan", "2:1: [thresholds]: review is a number"),
    "a date": ("[[rule]]\nname = 1979-05-27", "1:1: rule number 1: when is missing"),
    "text turned round": (
        "# \u202e\n",
        "1:3: an invisible character, U+202E, that turns the text round",
    ),
    "a card number": (
        f"\n[lists]\nthem = ['{CARD}']",
        "3:10: this looks like a card number: write the account's token",
    ),
    "a card number in parts": (
        rule("last_name == '4012 8888-8888 1881'"),
        "4:23: this looks like a card number: write the account's token",
    ),
}


@pytest.mark.parametrize("name", BROKEN_BY_DESIGN)
def test_a_hostile_document_is_a_line(name: str, tmp_path: Path) -> None:
    source, expected = BROKEN_BY_DESIGN[name]
    file = tmp_path / "hostile.toml"
    file.write_text(source, newline="")
    (line, *_) = checked(file)
    assert line.startswith(expected)
    assert CARD not in line
    assert len(line) < 250


def test_the_patterns_of_a_set_are_compiled_once_each_and_only_up_to_their_bound() -> None:
    shared = Shared({})
    made = [shared.pattern_of(pattern_node(rf"\pL{{13}}x{index}")) for index in range(20)]
    assert [type(each) for each in made] == [Pattern] * 6 + [str] + [type(None)] * 13
    assert shared.pattern_of(pattern_node(r"\pL{13}x1")) is made[1]
    refused = Shared({})
    large = [refused.pattern_of(pattern_node(rf"\pL{{54}}x{index}")) for index in range(20)]
    assert [type(each) for each in large] == [str] * 7 + [type(None)] * 13


def pattern_node(pattern: str) -> ast.expr:
    return ast.parse(repr(pattern), mode="eval").body


def test_signs_within_strings_and_comments_are_no_structure(tmp_path: Path) -> None:
    note = "[a.b] = {}" * 70 + "1." * 99
    signs = f"# {note}\n" * 700 + f"[[rule]]\nnote = '{note}'\n"
    file = tmp_path / "rules.toml"
    file.write_text(signs + rule("luhn_ok").removeprefix("[[rule]]"))
    assert load(file.read_text()).rules[0].note == note


def test_what_is_long_or_one_of_many_has_a_hint_only_where_that_is_cheap() -> None:
    """A hundred misspelt names of 60 characters in a set with a hundred such lists."""
    names = [f"{'l' * 57}{index:03}" for index in range(100)]
    assert did_you_mean(names[0] + "x", names) == ""
    assert did_you_mean("unauthorised", ["authorized", "unauthorized"]).endswith("`unauthorized`?")
    lists = [f"bins_{index:02}" for index in range(100)]
    assert did_you_mean("bin_42", lists) != ""
    assert did_you_mean("bins_422", lists) == ": did you mean `bins_42`?"


def test_faults_are_listed_up_to_a_hundred(tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    file.write_text("".join(f"k{index} = 1\n" for index in range(5_000)))
    *lines, last = checked(file)
    assert len(lines) == 100
    assert last == "101:1: more than 100 faults: the others are not printed"


def test_windows_and_its_spreadsheets_are_understood(tmp_path: Path) -> None:
    (tmp_path / "them.txt").write_bytes("\ufeff411111\r\n422222\r\n".encode())
    source = "\ufeff" + listed('{file = "them.txt"}', 'in_list(bin, "them")')
    rules = load(source.replace("\n", "\r\n"), lambda name: (tmp_path / name).read_text("utf-8"))
    assert rules.lists["them"] == {"411111", "422222"}


# -- list files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule set's folder, with things in it and beside it that are no list files."""
    folder = tmp_path / "rules"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("s3cret\n")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    (folder / "latin").write_bytes(b"\xff")
    (folder / "huge").write_text("0123456789abcdef\n" * 600_000)
    (folder / "half").write_text("".join(f"{number:032x}\n" for number in range(14_000)))
    (folder / "accents").write_text("é\n" * 299_900)
    (folder / "controls").write_text("a\n" + "\1" * 890_000)
    (folder / "cards").write_text(f"a\n{CARD}\n")
    (folder / "long_bins").write_text("411111\n42222222\n")
    return folder


BESIDE = "is no file beside this one or in a folder below it"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gone", "2:1: [lists]: gone cannot be read: No such file or directory"),
        ("sub", "2:1: [lists]: sub cannot be read: it is not a regular file"),
        ("pipe", "2:1: [lists]: pipe cannot be read: it is not a regular file"),
        ("loop", "2:1: [lists]: loop cannot be read: "),
        ("out", "2:1: [lists]: out cannot be read: it is a link out of the folder"),
        ("latin", "2:1: [lists]: latin cannot be read: it is not UTF-8 text"),
        ("huge", "2:1: [lists]: over 900,000 bytes with huge"),
        ("controls", "2:1: [lists]: line 2 of controls has a control character, U+0001"),
        ("cards", "2:1: [lists]: line 2 of cards looks like a card number: write tokens"),
        ("a" * 300, f"2:1: [lists]: {'a' * 200} cannot be read: File name too long"),
        ("../secret", f"2:1: [lists]: '../secret' {BESIDE}"),
        ("sub/../../secret", f"2:1: [lists]: 'sub/../../secret' {BESIDE}"),
        ("/etc/passwd", f"2:1: [lists]: '/etc/passwd' {BESIDE}"),
        ("/dev/zero", f"2:1: [lists]: '/dev/zero' {BESIDE}"),
        ("C:\\secret", f"2:1: [lists]: 'C:\\\\secret' {BESIDE}"),
        ("", f"2:1: [lists]: '' {BESIDE}"),
        (".", f"2:1: [lists]: '.' {BESIDE}"),
        ("a\0b", f"2:1: [lists]: 'a\\x00b' {BESIDE}"),
    ],
    ids=lambda value: value[:20].replace("\0", "NUL"),
)
def test_a_list_file_is_a_small_file_beside_the_rules(
    folder: Path, name: str, expected: str
) -> None:
    file = folder / "rules.toml"
    file.write_text(listed(f"{{file = {json.dumps(name)}}}"))
    (line, *_) = checked(file)
    assert line.startswith(expected)
    assert CARD not in line
    assert "s3cret" not in line


def test_one_file_named_by_many_lists_counts_each_time(folder: Path) -> None:
    file = folder / "rules.toml"
    lists = "".join(f'l{index} = {{file = "half"}}\n' for index in range(99))
    file.write_text("[lists]\n" + lists)
    assert checked(file)[0] == "3:1: [lists]: over 900,000 bytes with half"


def test_the_bound_of_a_set_is_one_of_bytes(folder: Path) -> None:
    file = folder / "rules.toml"
    file.write_text(listed('{file = "accents"}') + "#" + "é" * 100, encoding="utf-8")
    assert checked(file) == ["2:1: [lists]: over 900,000 bytes with accents"]
    file.write_text(listed('{file = "accents"}') + "\n" * 150, newline="\r\n")
    assert checked(file) == ["2:1: [lists]: over 900,000 bytes with accents"]


def test_entries_that_can_never_be_found_are_a_fault(folder: Path) -> None:
    """Issuers use BINs of eight digits, too; `bin` has six."""
    file = folder / "rules.toml"
    file.write_text(listed('{file = "long_bins"}', 'in_list(bin, "them")'))
    expected = "6:22: rule x: never true for `42222222`: bin is six digits or empty"
    assert checked(file) == [expected]


# -- card numbers


CARD_FAULT: Final = "this looks like a card number: write the account's token"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rule("amount > 1") + f'note = "{CARD}"\n', CARD_FAULT),
        (rule(f"last_name == '{CARD}'"), CARD_FAULT),
        (rule(r"last_name == '4\x3012888888881881'"), CARD_FAULT),
        (rule("last_name == '4111 1111_1111 1111'"), CARD_FAULT),
        (rule("amount == 3782_822463_10005"), CARD_FAULT),
        (rule("amount > 1", name=f"card_{CARD}"), CARD_FAULT),
        (rule("amount in [1,000]"), "a number does not begin with 0: write 1000 for 1,000"),
        (rule("amount > 1") + f'"{CARD}" = 1\n', "unknown key `************1881`"),
        (rule("in_list(bin, '4111111111111112')"), "there is no list `************1112`"),
        (rule("in_list(bin, '4/1/1/1.1_1-1 11111112')"), "there is no list `************1112`"),
        (rule("matches(bin, '(4111111111111112')"), "not a pattern that RE2 takes"),
        (rule("startswith(bin, '4111111111111112x')"), "never true: "),
        (rule("bin in l") + f'[lists]\nl = ["{CARD}"]\n', "an entry of l looks like a card"),
        (listed("['41111111111111.12']", "in_list(bin, 'them')"), "never true for `****"),
        (listed("['x']", "luhn_ok") + f'["{CARD}"]\n["{CARD}"]\n', "************1881"),
    ],
)
def test_no_fault_shows_a_card_number_that_was_escaped_or_spaced(
    tmp_path: Path, source: str, text: str
) -> None:
    """Only a decoded value has it, which an author did not see either."""
    file = tmp_path / "rules.toml"
    file.write_text(source.replace(CARD, r"4\u0030" + CARD[2:]))
    found = "\n".join(checked(file))
    assert text in found
    assert not re.search(r"4\W?1\W?1\W?1\W?1_?1\W?1\W?1\W?1\W?1|3782", found)


# -- whatever passes does no harm


ODD_ACCOUNTS: Final[list[tuple[Any, ...]]] = [
    (first, last, amount, card, "9f" * 16, timestamp)
    for first, last in (("", ""), ("\ud800", "\udfff"), ("a" * 60_000, "\U0001f600" * 10_000))
    for amount in (0, -0.0, 2**64 - 1, -(2**63), 1.7e308, 5e-324)
    for card in ("", "x", CARD, "4" * 60_000)
    for timestamp in (0, 2**62)
]


@settings(deadline=None, max_examples=50)
@given(EXPRESSIONS)
def test_no_account_makes_an_accepted_rule_raise(when: str) -> None:
    rules = CompiledRules(load(rule(when)))
    for account in ODD_ACCOUNTS:
        rules.decide(rules.before(*account), veritas=True)


def test_a_product_beyond_every_float_is_a_rule_error() -> None:
    """Python multiplies integers of any size, but none of those by a fraction."""
    rules = CompiledRules(load(rule("amount" + " * amount" * 20 + " * 1.5 > 1")))
    fired = rules.before("a", "b", 2**63, CARD, "", 0)
    assert rules.decide(fired, veritas=True).reasons == ("rule_error",)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(sorted(EXAMPLES.glob("*.toml"))), st.randoms(use_true_random=False))
def test_no_damaged_file_does_more_than_have_faults(file: Path, chance: random.Random) -> None:
    text = file.read_text(encoding="utf-8")
    pieces = ["", "\0", '"', "'''", "\\", "[", "]]", "{", "=", "\n", "\r", "#", ".", "9" * 20, "é"]
    for _ in range(chance.randrange(1, 4)):
        at, end = sorted(chance.randrange(len(text)) for _ in range(2))
        end = chance.choice([at, at + 1, min(end, at + 200)])
        text = text[:at] + chance.choice(pieces) + text[end:]
    faults: tuple[Fault, ...] = ()
    try:
        rules = CompiledRules(load(text, lambda name: "411111\n"))
        rules.before("a", "b", 1, CARD, "", 0)
    except RuleSetError as exc:
        faults = exc.faults
    assert all("\n" not in str(fault) for fault in faults)


def test_nothing_larger_than_a_rule_set_is_read(tmp_path: Path) -> None:
    """A sparse file of a terabyte has no end that could be reached."""
    file = tmp_path / "rules.toml"
    with file.open("wb") as opened:
        opened.truncate(10**12)
    assert checked(file) == [f"1:1: more than {MOST_BYTES:,} bytes"]
