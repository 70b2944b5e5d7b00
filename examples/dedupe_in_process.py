"""What a new version of a content adds to an old one: by one call, then by the engine under it.

python examples/dedupe_in_process.py
"""

import random

import hubdist

old = random.Random(0).randbytes(4_000_000)
new = old[:1_500_000] + b"some bytes in between" + old[1_500_000:]

report = hubdist.estimate_dedupe([("old", old), ("new", new)])
for version in report.versions:
    numbers = version.numbers
    print(f"{version.name}: {numbers.new_bytes:,} bytes new, {numbers.xet_upload:,} to upload")
print("new bytes of the second:", report.versions[1].files[0].new_ranges)
# In a notebook `report` shows itself; elsewhere report.to_html() is a page, report.to_svg() an
# image, report.to_json() for programs.

# The engine, for programs that have chunks of their own: it is told of chunks and says which of
# them an upload would store. Contents of more than DEDUPE_BLOCK bytes are given in parts.
estimator = hubdist.DedupeEstimator()
for name, content in [("old", old), ("new", new)]:
    manifest = hubdist.chunk(content)
    estimator.begin_version(name, single_file=True)
    file = estimator.begin_file(name)
    scheme, at = "none", manifest.offsets
    for stored in estimator.add_chunks(manifest.chunks):
        chunk = memoryview(content)[at[stored.index] : at[stored.index + 1]]
        if stored.chooses:
            scheme = hubdist.choose_compression(chunk)
        estimator.add_compressed(file, len(hubdist.compress_chunk(chunk, scheme)[1]))
    estimator.end_file()
    estimator.end_version()
same = estimator.finish()
assert same.versions[1].numbers.xet_upload == report.versions[1].numbers.xet_upload
print("the engine by hand says the same:", same.versions[1])
