"""Names that no index knows: what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from lockenv.manifest.words import closest
from lockenv.packages import NormalizedName

#: What is imported under one name and installed under another: the most asked-for cases.
IMPORTED_AS = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "crypto": "pycryptodome",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "google-protobuf": "protobuf",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mpl-toolkits": "matplotlib",
    "multipart": "python-multipart",
    "mysqldb": "mysqlclient",
    "openssl": "pyopenssl",
    "pil": "pillow",
    "pkg-resources": "setuptools",
    "pptx": "python-pptx",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "usb": "pyusb",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "wx": "wxpython",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

#: Modules of Python itself that people look for on an index.
STANDARD_LIBRARY = frozenset(
    {
        "argparse", "asyncio", "collections", "concurrent-futures", "configparser", "contextlib", "copy", "csv",
        "dataclasses", "datetime", "decimal", "enum", "functools", "glob", "hashlib", "http", "importlib", "io",
        "ipaddress", "itertools", "json", "logging", "math", "multiprocessing", "os", "pathlib", "pickle",
        "random", "re", "shutil", "socket", "sqlite3", "statistics", "string", "subprocess", "sys", "tempfile",
        "threading", "time", "tkinter", "tomllib", "typing", "unittest", "urllib", "uuid", "venv", "xml",
        "zipfile", "zoneinfo",
    }
)  # fmt: skip

#: What is asked for most, to find a slip of the keyboard where the manifest and its packages name nothing near.
OFTEN_USED = (
    "aiohttp", "airflow", "alembic", "ansible", "apache-airflow", "attrs", "beautifulsoup4", "black", "boto3",
    "botocore", "celery", "certifi", "cffi", "charset-normalizer", "click", "colorama", "coverage", "cryptography",
    "cython", "dask", "datasets", "django", "djangorestframework", "docker", "fastapi", "filelock", "flask",
    "gunicorn", "h5py", "httpx", "hypothesis", "idna", "ipython", "jinja2", "joblib", "jsonschema", "jupyter",
    "jupyterlab", "keras", "kubernetes", "langchain", "lxml", "markdown", "markupsafe", "matplotlib", "mlflow",
    "mypy", "networkx", "nltk", "notebook", "numba", "numpy", "openai", "opencv-python", "openpyxl", "packaging",
    "pandas", "paramiko", "pillow", "platformdirs", "plotly", "poetry", "polars", "pre-commit", "protobuf",
    "psutil", "psycopg", "psycopg2", "psycopg2-binary", "pyarrow", "pydantic", "pygments", "pyjwt", "pymongo",
    "pymysql", "pyqt5", "pyside6", "pyspark", "pytest", "pytest-cov", "pytest-xdist", "python-dateutil",
    "python-dotenv", "pytz", "pyyaml", "redis", "requests", "rich", "ruff", "s3fs", "scikit-image", "scikit-learn",
    "scipy", "scrapy", "seaborn", "selenium", "sentry-sdk", "setuptools", "six", "sphinx", "sqlalchemy",
    "starlette", "statsmodels", "streamlit", "sympy", "tabulate", "tensorflow", "tokenizers", "torch",
    "torchvision", "tornado", "tox", "tqdm", "transformers", "twisted", "typer", "typing-extensions", "urllib3",
    "uvicorn", "virtualenv", "websockets", "werkzeug", "wheel", "xgboost",
)  # fmt: skip


def meant(name: NormalizedName, known: Iterable[str]) -> str | None:
    """The hint for a name that no index knows; None where nothing is near. `known` are names that exist."""
    if name in STANDARD_LIBRARY:
        return f"`{name}` is a part of Python itself; take it out of env.toml"
    right = IMPORTED_AS.get(name)
    if right is not None:
        return f"did you mean `{right}`? That is the package which is imported as {name.replace('-', '_')}"
    near = closest(name, [each for each in dict.fromkeys([*sorted(known), *OFTEN_USED]) if each != name])
    return None if near is None else f"did you mean `{near}`?"
