"""Read MyST Markdown as Sphinx does, down into the bodies of directives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

_parser = MarkdownIt("commonmark").enable("table")
_parser.use(dollarmath_plugin, double_inline=True).use(colon_fence_plugin).use(amsmath_plugin)

# Their bodies are not Markdown.
_VERBATIM = {"code", "code-block", "code-cell", "eval-rst", "literalinclude", "math", "raw"}


@dataclass(frozen=True)
class Directive:
    name: str
    argument: str
    options: dict[str, str]
    body: str


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Image:
    alt: str


@dataclass(frozen=True)
class DollarMath:
    """A display equation between dollars, or a bare LaTeX environment."""

    latex: str
    label: str


Element = Directive | Heading | Paragraph | Image | DollarMath


def elements(markdown: str, *, nested: bool = True) -> Iterator[Element]:
    """The parts of a text that the rules look at, in order; `nested`: those in directives too."""
    kind = ""
    for token in _parser.parse(markdown):
        match token.type:
            case "fence" | "colon_fence" if token.info.startswith("{"):
                directive = _directive(token)
                yield directive
                if nested and directive.name not in _VERBATIM:
                    yield from elements(directive.body)
            case "math_block" | "math_block_label" | "amsmath":
                yield DollarMath(token.content, token.info)
            case "inline":
                if kind.startswith("h"):
                    yield Heading(int(kind[1]), token.content)
                else:
                    yield Paragraph(token.content)
                yield from _inline(token)
            case _:
                kind = token.tag


def _directive(token: Token) -> Directive:
    name, argument = re.fullmatch(r"\{([^}]*)\}\s*(.*)", token.info.strip()).groups()
    lines = token.content.splitlines()
    options = {}
    while lines and (option := re.fullmatch(r":([\w-]+):\s*(.*)", lines[0])):
        options[option[1]] = option[2]
        del lines[0]
    return Directive(name, argument, options, "\n".join(lines).strip())


def _inline(token: Token) -> Iterator[Element]:
    for child in token.children or ():
        if child.type == "image":
            yield Image(child.content)
        elif child.type == "math_inline_double":
            yield DollarMath(child.content, "")
