"""An HTML page as a browser's parser sees it."""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "hr", "img", "link", "input", "rect", "line"}


class Page(HTMLParser):
    """The tags and attributes of a page, and its text; fails on tags that do not match."""

    def __init__(self, source: str | Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.style, self._open, self._text = "", [], []
        self.feed(source if isinstance(source, str) else source.read_text(encoding="utf-8"))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self._text.append(data)

    @property
    def text(self) -> str:
        """With single spaces."""
        return " ".join("".join(self._text).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def check_self_contained(self) -> None:
        """No script, no request to any host, and a policy that would forbid both."""
        names = {tag for tag, _ in self.tags}
        assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
        for _, attributes in self.tags:
            assert not {"src", "srcset", "style", "background"} & attributes.keys()
            assert not [name for name in attributes if name.startswith("on")]
        assert "url(" not in self.style and "@import" not in self.style
        policy = next(
            one["content"]
            for one in self.all("meta")
            if one.get("http-equiv") == "Content-Security-Policy"
        )
        digest = base64.b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        assert policy.split("; ") == [
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
        assert all(one["href"].startswith("https://") for one in self.all("a"))
