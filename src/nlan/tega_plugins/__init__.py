"""Plugins of a tega server that know networks; they come to it by nlan's entry points ``tega.plugins``."""
