"""What an importer is; its contract is `Importer`.

A module of this folder has an ``IMPORTER``; somebody else's package names its own by an entry point of the
group ``nlan.importers``. What is no lab of nlan's is shown to all of them, by `nlan.schema.load` and so by
every command that reads a file; the first that recognises it reads it. The contract itself stands below
the schema, which calls it.
"""

from nlan.schema.syntax.importing import SEAM, Importer, SourceFile, Sources
from nlan.schema.syntax.tree import Map, Scalar, Seq, Tree

__all__ = ["SEAM", "Importer", "Map", "Scalar", "Seq", "SourceFile", "Sources", "Tree"]
