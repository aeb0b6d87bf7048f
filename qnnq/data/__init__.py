"""Labelled images: files, bundled data sets, selections."""
