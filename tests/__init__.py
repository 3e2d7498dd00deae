"""A package: Hershey-Fonts installs one of this name, and a folder without this file would give way to it."""
