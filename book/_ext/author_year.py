"""A bibliography whose labels are those of the text: [Albert and Anderson, 1984], not [AA84]."""

from collections.abc import Iterable, Iterator

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.style.referencing import PersonStyle
from sphinxcontrib.bibtex.style.template import join, year


class AuthorYearLabels(BaseLabelStyle):
    """Surnames and year, by the very template that writes them into a sentence."""

    person = PersonStyle()

    def format_labels(self, entries: Iterable[Entry]) -> Iterator[str]:
        label = join(sep=", ")[self.person.author_or_editor_or_title(full=False), year]
        for entry in entries:
            yield str(label.format_data({"entry": entry, "style": self}))


class AuthorYearStyle(Style):
    """pybtex's plain style, sorted by author, with these labels."""

    default_label_style = AuthorYearLabels
    default_sorting_style = "author_year_title"


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the style known under the name that _config.yml gives it."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYearStyle, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
