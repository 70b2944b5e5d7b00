"""
The compiled part of hubdist; import names from `hubdist` instead.
"""

from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import os
import pathlib
import typing
import typing_extensions
from .backend import Backend
from .content import Content

__all__: list[str] = [
    "AddFolderResult",
    "BackendCapabilities",
    "Chunk",
    "ChunkHasher",
    "Chunker",
    "Client",
    "ClientOptions",
    "ContentLayout",
    "DEDUPE_BLOCK",
    "DEDUPE_SCHEMA_VERSION",
    "DedupeEstimator",
    "DedupeFile",
    "DedupeNumbers",
    "DedupeProgress",
    "DedupeReport",
    "DedupeVersion",
    "DownloadReport",
    "ExchangeInfo",
    "FetchResult",
    "FileEntry",
    "FileRecord",
    "HubServer",
    "Identity",
    "ListPage",
    "MAX_CHUNK_SIZE",
    "MIN_CHUNK_SIZE",
    "Manifest",
    "ManifestBuilder",
    "Node",
    "NodeStatistics",
    "ObjectInfo",
    "PathFilter",
    "ProgressEvent",
    "ProgressKind",
    "Reconstruction",
    "Region",
    "RegionReport",
    "RetryPolicy",
    "Shard",
    "ShardBuilder",
    "Snapshot",
    "Source",
    "StoredChunk",
    "Term",
    "Tracker",
    "UnitLayout",
    "Uri",
    "XorbBuilder",
    "XorbIndex",
    "XorbRecord",
    "blake3",
    "check_relative_path",
    "choose_compression",
    "chunk",
    "chunk_ends",
    "compare_versions",
    "compress_chunk",
    "decompress_chunk",
    "default_memory_budget",
    "format_uri",
    "git_sha1",
    "glob_match",
    "hash_file",
    "hash_files",
    "hubdist_home",
    "log_level",
    "make_manifest",
    "make_units",
    "parse_identity",
    "parse_reconstruction",
    "parse_uri",
    "parse_xet_hex",
    "piece_size_for",
    "plan_reconstruction",
    "range_hash",
    "read_layout",
    "read_xorb_index",
    "set_log_level",
    "sha256",
    "unpack_chunks",
    "verify_xorb",
    "xet_hex",
]

class RetryPolicy:
    """
    The one policy by which hubdist tries again what is Unavailable or ResourceExhausted, with full jitter: before try n a random wait in [0, min(max_delay, base_delay * 2**n)]. A server's Retry-After or RateLimit is a floor: at least that long, up to max_server_delay; a longer one ends the tries at once. Delays are in seconds.
    """
    def __init__(
        self,
        *,
        max_tries: int = 6,
        base_delay: float = 0.25,
        max_delay: float = 10.0,
        max_server_delay: float = 600.0,
    ) -> None: ...
    @property
    def base_delay(self) -> float: ...
    @property
    def max_delay(self) -> float: ...
    @property
    def max_server_delay(self) -> float: ...
    @property
    def max_tries(self) -> int: ...

class Uri:
    """
    The name of a thing to download: hf://org/model@rev/path and its kin. Immutable; str() writes the one canonical text.
    """
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __getstate__(self) -> tuple[str]: ...
    def __hash__(self) -> int: ...
    def __init__(self, text: str) -> None: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: tuple[typing.Any, ...]) -> None: ...
    def __str__(self) -> str: ...
    @property
    def authority(self) -> str:
        """
        host[:port] of a URL, bucket of an object store; empty for files and hubs.
        """
    @property
    def is_hub(self) -> bool: ...
    @property
    def path(self) -> str:
        """
        Decoded. Inside a repository or bucket: relative. A trailing '/' is kept: it asks for a folder. http(s): as written after the authority, still encoded.
        """
    @property
    def query(self) -> str:
        """
        http(s) only, without '?'.
        """
    @property
    def repo(self) -> str:
        """
        Hubs only: "owner/name" or "name".
        """
    @property
    def repo_type(self) -> str:
        """
        Hubs only: "model", "dataset" or "space".
        """
    @property
    def revision(self) -> str:
        """
        Decoded; empty means the hub's default.
        """
    @property
    def scheme(self) -> str:
        """
        "hf", "s3", or an application's own.
        """

class PathFilter:
    """
    Which paths of a repository are wanted: those that match a pattern of `include` (None means all; an empty list matches nothing) and none of `exclude`, with huggingface_hub's meaning: "folder/" is all in it.
    """
    def __init__(
        self,
        include: collections.abc.Sequence[str] | None = None,
        exclude: collections.abc.Sequence[str] | None = None,
    ) -> None: ...
    def matches(self, path: str) -> bool: ...

class Identity:
    """
    Every digest that an origin states for one content, in hexadecimal. Any may be missing; with none the content cannot be proved.
    """

    __hash__: typing.ClassVar[None] = None  # type: ignore[assignment]
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __getstate__(self) -> tuple[str | None, str | None, str | None, str | None]: ...
    def __init__(
        self,
        *,
        sha256: str | None = None,
        git_sha1: str | None = None,
        md5: str | None = None,
        xet: str | None = None,
    ) -> None: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: tuple[typing.Any, ...]) -> None: ...
    def __str__(self) -> str: ...
    @property
    def git_sha1(self) -> str | None:
        """
        Names a content only inside one repository.
        """
    @property
    def md5(self) -> str | None: ...
    @property
    def provable(self) -> bool: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def xet(self) -> str | None:
        """
        The Xet file hash, in Xet's text form.
        """

class FileEntry:
    """
    One file of a snapshot.
    """
    def __init__(
        self, path: str, size: int, *, identity: Identity = ..., etag: str = "", lfs: bool = False
    ) -> None: ...
    def __repr__(self) -> str: ...
    @property
    def etag(self) -> str:
        """
        The hub's name of the blob, and its file name in the cache.
        """
    @property
    def identity(self) -> Identity: ...
    @property
    def lfs(self) -> bool: ...
    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int:
        """
        Bytes.
        """

class Snapshot:
    """
    A repository at one commit, as its hub lists it.
    """
    def __init__(
        self, files: collections.abc.Sequence[FileEntry], *, scope: str = "", commit: str = ""
    ) -> None: ...
    @property
    def commit(self) -> str: ...
    @property
    def files(self) -> list[FileEntry]:
        """
        Sorted by path.
        """
    @property
    def scope(self) -> str:
        """
        Names the repository among all hubs.
        """
    @property
    def total_size(self) -> int:
        """
        Bytes.
        """

class UnitLayout:
    """
    The name and the shape of what nodes exchange: one blob cut into pieces of one size, or a bundle of small blobs, each a piece.
    """

    __hash__: typing.ClassVar[None] = None  # type: ignore[assignment]
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __init__(
        self,
        id: str,
        size: int,
        piece_size: int = 1048576,
        piece_ends: collections.abc.Sequence[int] = [],
    ) -> None: ...
    def piece(self, index: int) -> tuple[int, int]:
        """
        The half-open range of bytes of a piece.
        """
    @property
    def id(self) -> str: ...
    @property
    def is_bundle(self) -> bool: ...
    @property
    def piece_count(self) -> int: ...
    @property
    def piece_ends(self) -> list[int]:
        """
        Of a bundle: where each member ends; else empty.
        """
    @property
    def piece_size(self) -> int:
        """
        Of a blob; 0 for a bundle.
        """
    @property
    def size(self) -> int:
        """
        Bytes.
        """

class Chunk:
    """
    A chunk of a manifest.
    """
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __getstate__(self) -> tuple[str, int]: ...
    def __hash__(self) -> int: ...
    def __init__(self, hash: str, size: int) -> None: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: tuple[typing.Any, ...]) -> None: ...
    @property
    def hash(self) -> str:
        """
        In Xet's text form.
        """
    @property
    def size(self) -> int:
        """
        Bytes before compression.
        """

class Manifest:
    """
    The chunks of one content, in order. Immutable, so that threads may share it; can be pickled.
    """
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __getstate__(self) -> tuple[list[Chunk]]: ...
    def __hash__(self) -> int: ...
    def __init__(self, chunks: collections.abc.Sequence[Chunk]) -> None: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: tuple[typing.Any, ...]) -> None: ...
    @property
    def chunks(self) -> list[Chunk]:
        """
        The same as a list, without NumPy.
        """
    @property
    def file_hash(self) -> str:
        """
        The Xet file hash, in Xet's text form.
        """
    @property
    def hashes(self) -> numpy.typing.NDArray[numpy.uint8]:
        """
        A NumPy array of uint8 and shape (number of chunks, 32): the hash of each chunk as BLAKE3 gives it; xet_hex(hashes[i]) is its text. Read-only, and not a copy. Raises ImportError without NumPy.
        """
    @property
    def offsets(self) -> numpy.typing.NDArray[numpy.uint64]:
        """
        A NumPy array of uint64, one longer than the number of chunks: chunk i is the bytes [offsets[i], offsets[i + 1]) of the content; the first is 0, the last is the content's size. Read-only, and not a copy: it shows the manifest's own memory and keeps it. Raises ImportError without NumPy.
        """
    @property
    def size(self) -> int:
        """
        Bytes.
        """

class Chunker:
    """
    Finds the content-defined boundaries (Xet) of one content that is given in pieces of any size. ChunkHasher hashes the chunks as well. Keeps no bytes. Threads that share one wait for each other.
    """
    def __init__(self) -> None: ...
    def finish(self) -> list[int]:
        """
        The content ends here: returns the end of the last chunk, unless it was returned already. The chunker is as new afterwards.
        """
    def update(
        self, data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]
    ) -> list[int]:
        """
        Takes bytes; returns the ends of the chunks that end inside them, as offsets from the beginning of the content.
        """

class ChunkHasher:
    """
    Cuts one content that is given in pieces of any size, and hashes each chunk. Keeps no bytes. Threads that share one wait for each other.
    """
    def __init__(self) -> None: ...
    def finish(self) -> list[Chunk]:
        """
        The content ends here: returns the last chunk, unless it was returned already. The hasher is as new afterwards.
        """
    def update(
        self, data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]
    ) -> list[Chunk]:
        """
        Takes bytes; returns the chunks that end inside them, in order.
        """

class ManifestBuilder:
    """
    Makes the manifest of a content that comes in pieces of any size. Keeps no bytes. Threads that share one wait for each other.
    """
    def __init__(self) -> None: ...
    def finish(self) -> Manifest:
        """
        The content ends here: returns its Manifest. The builder is as new afterwards.
        """
    def update(self, data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> None:
        """
        Takes bytes.
        """

class Region:
    """
    A part of a content that its format gives a name.
    """
    def __init__(self, kind: str, name: str, range: tuple[int, int], detail: str = "") -> None: ...
    def __repr__(self) -> str: ...
    @property
    def detail(self) -> str:
        """
        "bf16 [4096, 4096]", "snappy"; may be empty.
        """
    @property
    def kind(self) -> str:
        """
        "header", "metadata", "tensor", "row group", "column", "table", "index" or "free".
        """
    @property
    def name(self) -> str:
        """
        "lm_head.weight", "row group 3, text"; unique within the content.
        """
    @property
    def range(self) -> tuple[int, int]:
        """
        The half-open range of bytes, (begin, end).
        """

class ContentLayout:
    """
    What lies where in a content.
    """
    def __init__(
        self, format: str = "", regions: collections.abc.Sequence[Region] = []
    ) -> None: ...
    def __repr__(self) -> str: ...
    @property
    def advice(self) -> list[str]:
        """
        How such a file would dedupe better, where that is certain.
        """
    @property
    def format(self) -> str:
        """
        "safetensors", "GGUF", "Parquet", "SQLite", "compressed", or empty.
        """
    @property
    def notes(self) -> list[str]:
        """
        A damaged header, parts left out: why regions are missing.
        """
    @property
    def regions(self) -> list[Region]:
        """
        Sorted by range, disjoint; may leave gaps.
        """

class DedupeNumbers:
    """
    What a file or a version takes. Bytes and chunks are before compression unless a name says otherwise.
    """
    def __repr__(self) -> str: ...
    @property
    def chunks(self) -> int: ...
    @property
    def compressed(self) -> int:
        """
        Bytes of the new chunks as they lie in xorbs, their headers included.
        """
    @property
    def lfs_upload(self) -> int:
        """
        Bytes that Git LFS sends: every file whose content is new, whole.
        """
    @property
    def new_bytes(self) -> int:
        """
        In chunks that nothing before held.
        """
    @property
    def new_chunks(self) -> int:
        """
        Each distinct one counted once.
        """
    @property
    def ratio(self) -> float:
        """
        size / xet_upload: how many times smaller the upload is; 0 when nothing is sent.
        """
    @property
    def size(self) -> int:
        """
        Bytes.
        """
    @property
    def xet_upload(self) -> int:
        """
        Bytes that an upload to a Xet hub sends: xorbs and shards.
        """

class RegionReport:
    """
    What is new in a region of a file.
    """
    def __repr__(self) -> str: ...
    @property
    def new_bytes(self) -> int:
        """
        New bytes inside its range.
        """
    @property
    def region(self) -> Region: ...

class DedupeFile:
    """
    A file of a version.
    """
    def __repr__(self) -> str: ...
    def describe_changes(self, most: int = 5) -> str:
        """
        "3 of 291 tensors changed: lm_head.weight, ..." with at most `most` names; empty without regions or without changes.
        """
    @property
    def advice(self) -> list[str]:
        """
        How the file would dedupe better.
        """
    @property
    def change(self) -> str:
        """
        Against the version before: "added", "unchanged", "changed", "renamed" or "removed".
        """
    @property
    def changed_regions(self) -> int:
        """
        How many of `regions` hold new bytes.
        """
    @property
    def file_hash(self) -> str:
        """
        The Xet file hash, in Xet's text form.
        """
    @property
    def format(self) -> str:
        """
        "safetensors", "GGUF", "Parquet", "SQLite", "compressed", or empty.
        """
    @property
    def new_ranges(self) -> list[tuple[int, int]]:
        """
        The half-open ranges of new bytes as (begin, end): sorted, neither touching nor overlapping.
        """
    @property
    def notes(self) -> list[str]:
        """
        What the reader should know: read as bytes because ...
        """
    @property
    def numbers(self) -> DedupeNumbers:
        """
        All 0 but `size` for a removed file.
        """
    @property
    def path(self) -> str:
        """
        Inside its version; "-" for standard input.
        """
    @property
    def previous_path(self) -> str:
        """
        Of a renamed file: where the same content, or most of it, was.
        """
    @property
    def regions(self) -> list[RegionReport]:
        """
        Of a known format, in file order.
        """

class DedupeVersion:
    """
    What is uploaded in one commit: a file, a folder or a snapshot. Counted against all versions before it; the first against a hub that knows nothing.
    """
    def __repr__(self) -> str: ...
    @property
    def commit(self) -> str:
        """
        Of a hub's snapshot, else empty.
        """
    @property
    def files(self) -> list[DedupeFile]:
        """
        Sorted by path; removed ones among them.
        """
    @property
    def name(self) -> str:
        """
        As it was given: a path, a URI or a name.
        """
    @property
    def numbers(self) -> DedupeNumbers: ...

class DedupeReport:
    """
    What a comparison of versions found. Shows itself as a picture in a notebook. Immutable, so that threads may share it; its parts keep it.
    """
    def __repr__(self) -> str: ...
    def _repr_html_(self) -> str: ...
    def to_html(self) -> str:
        """
        One self-contained HTML page: no network, light and dark, for keyboards and screen readers too.
        """
    def to_json(self) -> str:
        """
        One JSON object, as docs/dedupe.md specifies it; `schema` inside is DEDUPE_SCHEMA_VERSION.
        """
    def to_svg(self) -> str:
        """
        The strips of all files as one SVG image.
        """
    @property
    def assumptions(self) -> list[str]:
        """
        Whole sentences, for people.
        """
    @property
    def seconds(self) -> float:
        """
        Wall time of the comparison.
        """
    @property
    def versions(self) -> list[DedupeVersion]:
        """
        In the order of the comparison.
        """

class StoredChunk:
    """
    A chunk that goes into a xorb: it is new, or is stored again because it could not be referred to.
    """
    def __repr__(self) -> str: ...
    @property
    def chooses(self) -> bool:
        """
        Its compression scheme (choose_compression) is that of the stored chunks from it on, up to the next that chooses.
        """
    @property
    def index(self) -> int:
        """
        Among the chunks given.
        """

class DedupeEstimator:
    """
    Estimates what each of several versions adds to those before it, chunk by chunk, and what an upload by the reference client sends. It reads nothing: estimate_dedupe() does that.

    Usage: begin_version(), then for each file begin_file(), add_chunks() until its end, end_file(); end_version(); ...; finish(). Methods in another order raise FailedPreconditionError. Memory: at most 64 bytes for each distinct chunk, besides the report and some hundred bytes for each file. Threads that share one wait for each other.
    """
    def __init__(self) -> None: ...
    def add_chunks(self, chunks: collections.abc.Sequence[Chunk]) -> list[StoredChunk]:
        """
        The next chunks of the current file, in order: at a time those whose last bytes lie in one DEDUPE_BLOCK of it (other divisions change a little which chunks are stored again). Returns which of them the client stores.
        """
    def add_compressed(self, file: int, bytes: int) -> None:
        """
        Bytes that stored chunks of a file take in xorbs, without their headers; in any order, before end_version().
        """
    def begin_file(self, path: str) -> int:
        """
        Returns the file's number, for add_compressed().
        """
    def begin_version(self, name: str, commit: str = "", *, single_file: bool = False) -> None:
        """
        `single_file`: the version is one file. Two such versions in a row are states of one file, whatever their names; otherwise files are matched by path, and renamed ones by content.
        """
    def end_file(self, layout: ContentLayout | None = None) -> None:
        """
        `layout`: what is known of what lies where in the file (read_layout).
        """
    def end_version(self) -> None: ...
    def finish(self) -> DedupeReport:
        """
        The report so far, but for its `seconds`; the estimator is as new afterwards.
        """

class XorbIndex:
    """
    What the footer of a xorb says.
    """
    def bytes_of(self, begin: int, end: int) -> tuple[int, int]:
        """
        Where the chunks [begin, end) lie in the xorb: the range of bytes to read.
        """
    def footer(self) -> bytes:
        """
        A footer of version 1, with its length: what a stored xorb ends with.
        """
    @property
    def chunks(self) -> list[Chunk]: ...
    @property
    def hash(self) -> str: ...
    @property
    def packed_size(self) -> int:
        """
        Bytes of all chunks with their headers, without a footer.
        """
    @property
    def raw_size(self) -> int:
        """
        Bytes before compression.
        """

class XorbBuilder:
    """
    Packs chunks into a xorb. Not thread-safe.
    """
    def __init__(self) -> None: ...
    def add(
        self,
        chunk: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any],
        scheme: str | None = None,
    ) -> int:
        """
        Adds a chunk and returns its place. The scheme is 'none', 'lz4' or 'bg4-lz4'; None chooses by the bytes.
        """
    def finish(self) -> tuple[bytes, XorbIndex]:
        """
        The bytes of the xorb, without a footer, and its index. The builder is as new afterwards.
        """
    def fits(self, size: int) -> bool:
        """
        Whether a chunk of so many bytes fits.
        """

class Term:
    """
    A run of chunks of one xorb, as a part of a file.
    """

    __hash__: typing.ClassVar[None] = None  # type: ignore[assignment]
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __init__(self, xorb: str, begin: int, end: int, size: int) -> None: ...
    @property
    def begin(self) -> int: ...
    @property
    def end(self) -> int:
        """
        Of the chunks, exclusive.
        """
    @property
    def size(self) -> int:
        """
        Bytes before compression.
        """
    @property
    def xorb(self) -> str: ...

class FileRecord:
    """
    A file as a shard tells it.
    """
    def __init__(
        self,
        hash: str,
        terms: collections.abc.Sequence[Term],
        range_hashes: collections.abc.Sequence[str],
        sha256: str | None = None,
    ) -> None: ...
    @property
    def hash(self) -> str: ...
    @property
    def range_hashes(self) -> list[str]: ...
    @property
    def sha256(self) -> str | None:
        """
        As the uploader states it.
        """
    @property
    def terms(self) -> list[Term]: ...

class XorbRecord:
    """
    A xorb as a shard tells it.
    """
    @property
    def chunks(self) -> list[Chunk]:
        """
        Their hashes are keyed where the shard is.
        """
    @property
    def global_chunks(self) -> list[int]:
        """
        The chunks that are marked for global deduplication.
        """
    @property
    def hash(self) -> str: ...

class Shard:
    """
    A shard in upload or stored form.
    """
    def __init__(
        self, data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]
    ) -> None: ...
    def check(self, xorbs: collections.abc.Sequence[XorbIndex] | None = None) -> None:
        """
        Raises unless everything in it agrees; with the indexes of all its xorbs, also against those.
        """
    def find_chunk(self, hash: str) -> list[tuple[str, int]]:
        """
        Up to 16 places of a chunk: the xorb and the chunk's place in it.
        """
    @property
    def created(self) -> int:
        """
        Seconds since 1970, as the footer states it.
        """
    @property
    def files(self) -> list[FileRecord]: ...
    @property
    def key_expiry(self) -> int:
        """
        Seconds since 1970, as the footer states it.
        """
    @property
    def lookup_count(self) -> int:
        """
        Entries of the chunks' lookup table.
        """
    @property
    def stored(self) -> bool:
        """
        Whether it has a footer.
        """
    @property
    def xorbs(self) -> list[XorbRecord]: ...

class ShardBuilder:
    """
    Writes shards. Not thread-safe.
    """
    def __init__(self) -> None: ...
    def add_file(self, file: FileRecord) -> None: ...
    @typing.overload
    def add_xorb(self, xorb: XorbRecord) -> None: ...
    @typing.overload
    def add_xorb(self, xorb: XorbIndex) -> None: ...
    def mark_global(self, xorb: str, chunk: int) -> None: ...
    def stored_form(
        self,
        created: int = 0,
        key_expiry: int = 18446744073709551615,
        key: bytes | None = None,
        with_files: bool = True,
        with_lookups: bool = True,
    ) -> bytes: ...
    def upload_form(self) -> bytes: ...

class Reconstruction:
    """
    Where the bytes of a file, or a range, are.
    """
    def to_json(self, version: int = 2) -> str: ...
    @property
    def fetches(self) -> dict[str, list[tuple[str, list[tuple[int, int, int, int]]]]]:
        """
        For each xorb its URLs, each with ranges (first chunk, end, first byte, end).
        """
    @property
    def offset_into_first_range(self) -> int: ...
    @property
    def size(self) -> int:
        """
        Bytes in the terms, from the offset on.
        """
    @property
    def terms(self) -> list[Term]: ...

class BackendCapabilities:
    """
    What a backend can do.
    """
    def __init__(
        self,
        *,
        list: bool = False,
        ranges: bool = False,
        put: bool = False,
        revisions: bool = False,
    ) -> None: ...
    @property
    def list(self) -> bool:
        """
        Folders can be listed.
        """
    @property
    def put(self) -> bool: ...
    @property
    def ranges(self) -> bool:
        """
        A read can begin and end anywhere.
        """
    @property
    def revisions(self) -> bool:
        """
        URIs may name a revision, and stat() resolves it to a commit.
        """

class ObjectInfo:
    """
    One object as its origin states it.
    """
    def __init__(
        self, size: int, *, identity: Identity = ..., etag: str = "", commit: str = ""
    ) -> None: ...
    @property
    def commit(self) -> str:
        """
        Hubs: the commit that the revision stands for.
        """
    @property
    def etag(self) -> str:
        """
        Normalised: without W/ and quotes; empty when the origin states none.
        """
    @property
    def identity(self) -> Identity: ...
    @property
    def size(self) -> int:
        """
        Bytes.
        """

class ListPage:
    """
    A part of a listing.
    """
    def __init__(
        self, files: collections.abc.Sequence[FileEntry], *, next: str = "", commit: str = ""
    ) -> None: ...
    @property
    def commit(self) -> str:
        """
        Hubs: the commit that is listed.
        """
    @property
    def files(self) -> list[FileEntry]:
        """
        Files only, of every depth; paths are relative to the listed repository, bucket or folder.
        """
    @property
    def next(self) -> str:
        """
        Token of the next page; empty on the last.
        """

class Tracker:
    """
    Decides who fetches which piece from whom, and who may ask the origin.

    Keeps soft state only: when it dies, its successor learns everything from the nodes' reports. Thread-safe. Serves until close(), the end of a `with` block, or the end of the interpreter. `listen` is on loopback; without `key` (bytes or text that the nodes share) it is this user's key on this machine.
    """
    def __enter__(self) -> Tracker: ...
    def __exit__(self, *args: object) -> None: ...
    def __init__(self, *, listen: str = "127.0.0.1:0", key: str | None = None) -> None: ...
    def close(self) -> None:
        """
        Ends the tracker; its nodes look for another.
        """
    @property
    def address(self) -> str:
        """
        "host:port" as bound.
        """
    @property
    def closed(self) -> bool:
        """
        Whether close() was called, or this process was forked.
        """

class Source:
    """
    Where bytes came from.

    Members:

      ORIGIN

      PEER
    """

    ORIGIN: typing.ClassVar[Source]
    PEER: typing.ClassVar[Source]
    __members__: typing.ClassVar[dict[str, Source]]
    @typing.overload
    def __eq__(self, other: Source) -> bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: int) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: Source) -> bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: int) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class FetchResult:
    """
    What a fetch of one unit moved, in bytes.
    """
    @property
    def from_origin(self) -> int: ...
    @property
    def from_peers(self) -> int: ...

class NodeStatistics:
    """
    What a node did since it started; bytes.
    """
    @property
    def bytes_from_origin(self) -> int: ...
    @property
    def bytes_from_peers(self) -> int: ...
    @property
    def bytes_to_peers(self) -> int: ...
    @property
    def corrupt_pieces(self) -> int:
        """
        Received, found wrong, thrown away.
        """
    @property
    def known_peers(self) -> int: ...
    @property
    def tracker_reachable(self) -> bool: ...

class Node:
    """
    Takes part in the exchange for one cache: gets pieces from other nodes and, under lease, from the origin, and gives what it holds.

    `content` is a hubdist.Content: the bytes that the node holds, a place for those that it gets, and the way to the origin. `tracker` is "host:port", or a callable that returns it and is asked before each connection. `tracker_patience`: seconds to wait for a tracker before going to the origin alone. Ranges are pairs (begin, end) of offsets inside a unit. Thread-safe. Serves until close(), the end of a `with` block, or the end of the interpreter; leaving takes at most 5 s.
    """
    def __enter__(self) -> Node: ...
    def __exit__(self, *args: object) -> None: ...
    def __init__(
        self,
        content: Content,
        tracker: str | collections.abc.Callable[[], str],
        *,
        key: str | None = None,
        id: str = "",
        listen: str = "127.0.0.1:0",
        zone: str = "",
        tracker_patience: float = 15.0,
        parallel_requests: int = 8,
    ) -> None: ...
    def close(self) -> None:
        """
        Leaves the exchange; takes at most 5 s.
        """
    def doubt(self, unit: str) -> None:
        """
        Tells the tracker that a unit, whole and with every piece hash right, failed against the hub's identity: it is read once more under lease.
        """
    def fetch(
        self,
        layout: UnitLayout,
        wanted: collections.abc.Sequence[tuple[int, int]] | None = None,
        held: collections.abc.Sequence[tuple[int, int]] = [],
    ) -> FetchResult:
        """
        Brings `wanted` (None: all) of a unit into the content and blocks until it is there. `held` says what is there already and may be given to others from now on. One fetch a unit at a time. Ctrl-C ends the wish but keeps and offers what came.
        """
    def offer(
        self, layout: UnitLayout, held: collections.abc.Sequence[tuple[int, int]] | None = None
    ) -> None:
        """
        Offers what is held (None: all) without wanting anything.
        """
    def wait_until_unneeded(self) -> None:
        """
        Blocks until no node that the tracker knows wants anything that this node holds.
        """
    def withdraw(self, unit: str) -> None:
        """
        No longer offers a unit.
        """
    @property
    def address(self) -> str: ...
    @property
    def closed(self) -> bool:
        """
        Whether close() was called, or this process was forked.
        """
    @property
    def id(self) -> str: ...
    @property
    def statistics(self) -> NodeStatistics: ...

class ProgressKind:
    """
    What a ProgressEvent tells.

    Members:

      PLANNED : The totals are known.

      STARTED : A file begins.

      BYTES : Bytes of a file arrived, or were there already.

      FINISHED : A file is verified and at its path.
    """

    BYTES: typing.ClassVar[ProgressKind]
    FINISHED: typing.ClassVar[ProgressKind]
    PLANNED: typing.ClassVar[ProgressKind]
    STARTED: typing.ClassVar[ProgressKind]
    __members__: typing.ClassVar[dict[str, ProgressKind]]
    @typing.overload
    def __eq__(self, other: ProgressKind) -> bool: ...
    @typing.overload
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: int) -> None: ...
    def __int__(self) -> int: ...
    @typing.overload
    def __ne__(self, other: ProgressKind) -> bool: ...
    @typing.overload
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: int) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class ProgressEvent:
    """
    What happened since the last event.
    """
    @property
    def bytes(self) -> int:
        """
        PLANNED: the total to be here at the end; BYTES: since the last event.
        """
    @property
    def files(self) -> int:
        """
        PLANNED: how many.
        """
    @property
    def held(self) -> bool:
        """
        BYTES: was there already, nothing moved for it.
        """
    @property
    def kind(self) -> ProgressKind: ...
    @property
    def path(self) -> str:
        """
        Of the file, inside the repository; empty for PLANNED.
        """

class DownloadReport:
    """
    What a download did. Bytes are of content.
    """
    @property
    def bytes(self) -> int: ...
    @property
    def bytes_from_origin(self) -> int: ...
    @property
    def bytes_from_peers(self) -> int: ...
    @property
    def bytes_held(self) -> int:
        """
        Were here already.
        """
    @property
    def commit(self) -> str: ...
    @property
    def files(self) -> int: ...
    @property
    def from_cache_only(self) -> bool:
        """
        The hub was not reached: what the cache had was returned.
        """
    @property
    def path(self) -> pathlib.Path:
        """
        Of the file, of the snapshot's folder, or local_dir.
        """
    @property
    def verified(self) -> bool:
        """
        False when an origin stated no digest for some file.
        """

class ExchangeInfo:
    """
    How a client takes part in an exchange; empty without one.
    """
    @property
    def address(self) -> str: ...
    @property
    def bytes_to_peers(self) -> int: ...
    @property
    def node_id(self) -> str: ...

class ClientOptions:
    """
    What a Client is made from. What is not given comes from the environment: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DISABLE_SYMLINKS, HUBDIST_TRACKER, HUBDIST_HOME, HUBDIST_ALLOW_INSECURE_TOKEN, with huggingface_hub's meanings. `token` goes to `endpoint` alone and is never shown; "" means none. With `allow_insecure_token` it is sent even over plain http to another machine. `tracker`: "off", "auto" or "host:port". `memory_budget` in bytes, timeouts in seconds. `headers` are added to every request to `endpoint`, and to no other host. `modelscope_endpoint`, `modelscope_token` and `modelscope_cache` are for modelscope://, and come from MODELSCOPE_ENDPOINT, MODELSCOPE_API_TOKEN and MODELSCOPE_CACHE.
    """
    def __init__(
        self,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        cache_dir: os.PathLike[str] | str | None = None,
        home: os.PathLike[str] | str | None = None,
        offline: bool | None = None,
        tracker: str | None = None,
        zone: str | None = None,
        memory_budget: int | None = None,
        retry: RetryPolicy | None = None,
        metadata_timeout: float | None = None,
        stall_timeout: float | None = None,
        user_agent: str | None = None,
        headers: collections.abc.Mapping[str, str] = {},
        allow_insecure_token: bool | None = None,
        modelscope_endpoint: str | None = None,
        modelscope_token: str | None = None,
        modelscope_cache: os.PathLike[str] | str | None = None,
    ) -> None: ...
    @property
    def allow_insecure_token(self) -> bool: ...
    @property
    def cache_dir(self) -> pathlib.Path: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def fingerprint(self) -> str:
        """
        Equal for options that make equal clients; tells no secret.
        """
    @property
    def has_modelscope_token(self) -> bool: ...
    @property
    def has_token(self) -> bool: ...
    @property
    def home(self) -> pathlib.Path: ...
    @property
    def memory_budget(self) -> int: ...
    @property
    def modelscope_cache(self) -> pathlib.Path: ...
    @property
    def modelscope_endpoint(self) -> str: ...
    @property
    def offline(self) -> bool: ...
    @property
    def retry(self) -> RetryPolicy: ...
    @property
    def tracker(self) -> str: ...
    @property
    def user_agent(self) -> str: ...
    @property
    def zone(self) -> str: ...

class Client:
    """
    One object that brings files and snapshots from any hub, proved, into a cache or a folder.

    Thread-safe; calls block without the GIL, stop on Ctrl-C, and keep what was received. With a tracker the client's node serves on until close(), the end of a `with` block, or the end of the interpreter. Not to be used in a process that was forked from its own.
    """
    def __enter__(self) -> Client: ...
    def __exit__(self, *args: object) -> None: ...
    def __init__(self, options: ClientOptions | None = None) -> None: ...
    def add_backend(self, scheme: str, backend: Backend) -> None:
        """
        Adds a hubdist.Backend for a URL scheme, or replaces the one of that scheme. What it raises as ConnectionError or TimeoutError is tried again by options.retry.
        """
    def close(self) -> None:
        """
        Stops the calls under way and ends the client; its node leaves the exchange.
        """
    def download(
        self,
        uri: str,
        *,
        include: collections.abc.Sequence[str] | None = None,
        exclude: collections.abc.Sequence[str] | None = None,
        local_dir: os.PathLike[str] | str | None = None,
        digest: str | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        max_workers: int = 8,
        progress: collections.abc.Callable[[ProgressEvent], object] | None = None,
    ) -> DownloadReport:
        """
        Any URI: hf:// into the cache and modelscope:// into ModelScope's, unless local_dir is given; other schemes into local_dir. `digest` ("sha256:...") proves a URI of one file.
        """
    def download_file(
        self,
        repo_id: str,
        path: str,
        *,
        repo_type: str = "model",
        revision: str = "",
        local_dir: os.PathLike[str] | str | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        progress: collections.abc.Callable[[ProgressEvent], object] | None = None,
    ) -> DownloadReport:
        """
        Brings one file of a repository.
        """
    def download_snapshot(
        self,
        repo_id: str,
        *,
        repo_type: str = "model",
        revision: str = "",
        include: collections.abc.Sequence[str] | None = None,
        exclude: collections.abc.Sequence[str] | None = None,
        local_dir: os.PathLike[str] | str | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        max_workers: int = 8,
        progress: collections.abc.Callable[[ProgressEvent], object] | None = None,
    ) -> DownloadReport:
        """
        Brings a repository at one commit into the cache, or into `local_dir`. `progress` is called with a ProgressEvent, in the calling thread, about 20 times a second; an exception in it stops the download and is raised here. What was received is kept, also on Ctrl-C.
        """
    def exists(self, uri: str) -> bool:
        """
        Whether one object is there.
        """
    def list(self, uri: str) -> Snapshot:
        """
        The files below a repository, a folder or a prefix, sorted by path.
        """
    def read(self, uri: str, begin: int, end: int) -> bytes:
        """
        The bytes [begin, end) of one object, straight from its origin and not verified.
        """
    def stat(self, uri: str) -> ObjectInfo:
        """
        The size, digests and etag of one object, as its origin states them.
        """
    def wait_until_unneeded(self) -> None:
        """
        Blocks until no node wants what this client's node holds; at once without an exchange.
        """
    @property
    def closed(self) -> bool:
        """
        Whether close() was called, or this process was forked.
        """
    @property
    def exchange(self) -> ExchangeInfo: ...
    @property
    def options(self) -> ClientOptions: ...

class DedupeProgress:
    """
    How far a comparison is.
    """
    @property
    def done(self) -> int:
        """
        Bytes read so far, of all versions.
        """
    @property
    def file(self) -> str:
        """
        What is being read.
        """
    @property
    def total(self) -> int:
        """
        Bytes in all versions; a pipe adds to it as it is read.
        """

class AddFolderResult:
    """
    What a folder became in a hub.
    """
    @property
    def bytes(self) -> int:
        """
        Of all files.
        """
    @property
    def changed(self) -> bool:
        """
        False: the branch had this content already, no commit was made.
        """
    @property
    def commit(self) -> str: ...
    @property
    def files(self) -> int: ...
    @property
    def new_bytes(self) -> int:
        """
        Of contents that the hub did not hold yet.
        """

class HubServer:
    """
    A hub of one's own, which the clients of Hugging Face read and write by HF_ENDPOINT alone.

    `root` is the folder that holds the hub, made if missing; any number of servers may share it. `listen` is "host:port", port 0: any. `tls_certificate` and `tls_key` are PEM files: with them it serves https, and takes renewed ones within a minute. Tokens travel in clear text over plain http, so that without TLS an address which is not loopback is refused unless `allow_insecure` says that the network is trusted. `public_url`: how clients reach the server behind a proxy. `max_uploads` and `max_commits` may be on their way in at once; the next is told to come again. A larger LFS file than `lfs_part` bytes comes in parts of that size. `xet_life`: how long tokens and links of Xet storage hold, in seconds. `metrics`: GET /metrics tells everybody what the server does. `access_log` is called with a line of JSON for each answer, by any thread, and must not close the server. Thread-safe. Serves until close(), the end of a `with` block, or the end of the interpreter.
    """
    def __enter__(self) -> HubServer: ...
    def __exit__(self, *args: object) -> None: ...
    def __init__(
        self,
        root: os.PathLike[str] | str,
        *,
        listen: str = "127.0.0.1:0",
        tls_certificate: os.PathLike[str] | str | None = None,
        tls_key: os.PathLike[str] | str | None = None,
        allow_insecure: bool = False,
        public_url: str = "",
        handler_threads: int = 16,
        max_uploads: int = 64,
        max_commits: int = 16,
        lfs_part: int = 4294967296,
        xet_life: int = 900,
        metrics: bool = False,
        access_log: typing.Any = None,
    ) -> None: ...
    def add(
        self,
        folder: os.PathLike[str] | str,
        repo_id: str,
        *,
        repo_type: str = "model",
        branch: str = "main",
        message: str = "",
        author: str = "hubdist",
        private: bool | None = None,
        gated: str | None = None,
        readers: collections.abc.Sequence[str] = [],
    ) -> AddFolderResult:
        """
        Puts the content of a folder as a commit on a branch, which then holds these files and no others. What is None stays as it is; a new repository is public and not gated. `gated`: "none", "auto" or "manual". `readers` are added to those there are.
        """
    def add_token(self, user: str, *, write: bool = False, name: str = "hubdist") -> str:
        """
        Makes the user if missing, and a new token, which cannot be asked for again. `write`: it may write, not only read. `name`: what it is for.
        """
    def close(self) -> None:
        """
        Stops serving; answers under way get 5 s.
        """
    @property
    def address(self) -> str:
        """
        "127.0.0.1:4711"
        """
    @property
    def closed(self) -> bool:
        """
        Whether close() was called, or this process was forked.
        """
    @property
    def endpoint(self) -> str:
        """
        "http://127.0.0.1:4711", for HF_ENDPOINT; https with TLS.
        """

def blake3(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> str:
    """
    BLAKE3 of bytes, in hexadecimal.
    """

def check_relative_path(path: str) -> None:
    """
    Raises InvalidArgumentError unless `path` stays inside its folder: relative, no empty, "." or ".." segment, no NUL, no backslash, at most 4,096 bytes and 255 a segment.
    """

def choose_compression(chunk: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> str:
    """
    The scheme that the reference client takes: "lz4", or "bg4-lz4" where the four byte places of words differ in how many bits are set.
    """

@typing.overload
def chunk(
    data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any], *, threads: int = 0
) -> Manifest:
    """
    Cuts a content into Xet's content-defined chunks and hashes them; returns its Manifest.

    `data` is a path (str or os.PathLike) of a file or a pipe, or the content itself in any buffer that is contiguous in C order: bytes, bytearray, memoryview, mmap, a NumPy array of any type, writable or not. Nothing is copied; a buffer must not be written to meanwhile. `threads`: 0 for as many as this process may use. A file takes at most 64 MiB of memory and 16 MiB a thread, whatever its size, and 40 bytes a chunk.

    Raises FileNotFoundError, IsADirectoryError, PermissionError, AbortedError when a file changes while it is read, InvalidArgumentError (a ValueError) for a buffer with gaps. Runs without the GIL, stops on Ctrl-C, may be called by many threads.
    """

@typing.overload
def chunk(path: os.PathLike[str] | str, *, threads: int = 0) -> Manifest: ...
def chunk_ends(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> list[int]:
    """
    Where each chunk of a whole content ends; nothing for an empty one.
    """

def compare_versions(
    versions: collections.abc.Sequence[
        tuple[
            bytes,
            typing_extensions.Buffer
            | numpy.typing.NDArray[typing.Any]
            | str
            | os.PathLike[str]
            | str,
        ]
    ],
    *,
    client: Client | None,
    threads: int,
    layouts: bool,
    filter: PathFilter,
    on_progress: collections.abc.Callable[[str | ProgressEvent | DedupeProgress], object] | None,
) -> DedupeReport:
    """
    What hubdist.estimate_dedupe() calls. Each version is (name, content): a buffer, a path or URI as text, or a path. on_progress is called with the name of each version that is downloaded, its ProgressEvents, and then with a DedupeProgress.
    """

def compress_chunk(
    chunk: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any], scheme: str
) -> tuple[str, bytes]:
    """
    How a chunk lies in a xorb, as (scheme, bytes): by `scheme`, or as it is ("none") where that is not smaller or the chunk has more than MAX_CHUNK_SIZE bytes.
    """

def decompress_chunk(
    scheme: str, stored: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any], raw_size: int
) -> bytes:
    """
    The chunk of `raw_size` bytes that was stored as `stored`. Raises DataLossError when it is damaged, has another size or bytes after its end; InvalidArgumentError when raw_size is not 1 to MAX_CHUNK_SIZE.
    """

def default_memory_budget() -> int:
    """
    The default budget of a process for buffers, in bytes: 256 MiB, and at most a quarter of the cgroup's memory limit.
    """

def format_uri(uri: Uri) -> str:
    """
    Writes the one canonical text of a URI; parse_uri(format_uri(u)) == u.
    """

def git_sha1(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> str:
    """
    The object id that git gives to a file, in hexadecimal.
    """

def glob_match(pattern: str, path: str) -> bool:
    """
    Whether the whole of a path matches a pattern as Python's fnmatch has it: '*' crosses '/', upper and lower case differ.
    """

def hash_file(path: os.PathLike[str] | str, *, threads: int = 0) -> Identity:
    """
    Reads a file once and returns an Identity with its SHA-256, git and Xet hashes (of a pipe no git hash). `threads`, memory and errors as chunk() has them. Stops on Ctrl-C.
    """

def hash_files(
    paths: collections.abc.Sequence[os.PathLike[str] | str], *, threads: int = 0
) -> list[str]:
    """
    The Xet hashes of files in Xet's text form, in the order of `paths`: the `xet` of hash_file(), without the other hashes and so faster. Small files are read at the same time, a big one on all cores. The first error ends it. `threads`, memory and errors as chunk() has them. Stops on Ctrl-C.
    """

def hubdist_home() -> pathlib.Path:
    """
    $HUBDIST_HOME, else $XDG_STATE_HOME/hubdist, else ~/.local/state/hubdist; made with mode 0700.
    """

def log_level() -> str:
    """
    The level that set_log_level() or HUBDIST_LOG set.
    """

def make_manifest(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> Manifest:
    """
    Cuts a whole content and hashes its chunks, on one core and in one go; chunk() uses all cores, reads files, and stops on Ctrl-C.
    """

def make_units(snapshot: Snapshot) -> list[UnitLayout]:
    """
    How a snapshot is cut into what nodes exchange; every node that lists the same snapshot computes the same.
    """

def parse_identity(text: str) -> Identity:
    """
    Reads a digest that a user gives: "sha256:<64 hex digits>", also "git-sha1:" and "md5:".
    """

def parse_reconstruction(json: str) -> Reconstruction:
    """
    Reads an answer of either version; raises when it is impossible.
    """

def parse_uri(text: str) -> Uri:
    """
    Reads a URI. Raises InvalidArgumentError (a ValueError) that names the text and what is wrong with it. A user name or password inside a URL is refused, and not repeated in the message: credentials never travel in URLs.
    """

def parse_xet_hex(text: str) -> bytes:
    """
    The 32 bytes of a hash in Xet's text form. Raises InvalidArgumentError (a ValueError).
    """

def piece_size_for(blob_size: int) -> int:
    """
    The power of two at or above a blob's size / 1024, from 1 to 4 MiB: so every node cuts a blob alike.
    """

def plan_reconstruction(
    terms: collections.abc.Sequence[Term],
    xorbs: collections.abc.Sequence[XorbIndex],
    url_of: collections.abc.Callable[[str, list[tuple[int, int, int, int]]], str],
    range: tuple[int, int] | None = None,
    ranges_per_url: int = 64,
) -> Reconstruction:
    """
    The answer for the bytes [begin, end) of a file, or for all of it. `url_of` gives the URL for some ranges of a xorb, as `Reconstruction.fetches` has them.
    """

def range_hash(chunks: collections.abc.Sequence[str]) -> str:
    """
    The hash that proves knowledge of a term's chunks, from their hashes.
    """

@typing.overload
def read_layout(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> ContentLayout:
    """
    Recognises the format of a content and reads what lies where in it: the tensors of a safetensors or GGUF file, the columns of a Parquet file, the tables of a SQLite file.

    `data` is a path (str or os.PathLike) of a file, or the content itself in any contiguous buffer. Raises nothing on what the content says: what is damaged or too large is a note. May be called by many threads.
    """

@typing.overload
def read_layout(path: os.PathLike[str] | str) -> ContentLayout: ...
def read_xorb_index(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> XorbIndex:
    """
    The index of a whole xorb with a footer of either version.
    """

def set_log_level(level: str) -> None:
    """
    Which messages hubdist writes to standard error: "debug", "info", "warning" (the default), "error" or "off". The environment variable HUBDIST_LOG sets it as well.
    """

def sha256(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> str:
    """
    SHA-256 of bytes, in hexadecimal.
    """

def unpack_chunks(data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> list[bytes]:
    """
    The chunks of a xorb, or of a run of its chunks, decompressed.
    """

def verify_xorb(
    data: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any], hash: str
) -> XorbIndex:
    """
    Checks each chunk of a xorb, its footer if it has one, and its hash; returns its index.
    """

def xet_hex(hash: typing_extensions.Buffer | numpy.typing.NDArray[typing.Any]) -> str:
    """
    The text form that Xet uses for a hash of 32 bytes: four little-endian words of 64 bits, each written as a number of 16 hexadecimal digits.
    """

DEDUPE_BLOCK: int = 8000000
DEDUPE_SCHEMA_VERSION: int = 1
MAX_CHUNK_SIZE: int = 131072
MIN_CHUNK_SIZE: int = 8192
__version__: str
