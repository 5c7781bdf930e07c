"""When the files of a store are damaged: read what is good, move the rest aside."""
