"""Export and import: a database as lines of JSON."""

from tega.transfer.lines import export_lines, import_lines

__all__ = ["export_lines", "import_lines"]
