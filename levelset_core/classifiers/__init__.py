"""Classifiers of images: architectures, files, networks from elsewhere."""
