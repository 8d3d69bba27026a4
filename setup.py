"""The packages of the wheel: the core, and assets/ inside it, where ``paths.ASSETS`` looks."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["levelset_core*"]), "levelset_core.assets"],
    package_dir={"levelset_core.assets": "assets"},
)
