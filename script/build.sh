# For the other scripts: build PRESET TARGET... configures and builds, quietly unless it fails.
export CCACHE_DIR="${CCACHE_DIR:-$PWD/build/ccache}"
export CCACHE_NOHASHDIR=1  # one object serves all build folders with the same flags
jobs=$(nproc)

# quietly LOG COMMAND...: shows the end of the command's output only when it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 && return 0
  tail -n 100 "$log" | cut -c 1-400 >&2
  echo "failed: $* (the whole output is in $log)" >&2
  return 1
}

build() {
  local preset=$1
  shift
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  mkdir -p build/logs
  quietly "build/logs/configure-$preset.log" cmake --preset "$preset" -Wno-dev \
    -DPython_EXECUTABLE="$PWD/build/venv/bin/python" "${launcher[@]}" &&
    quietly "build/logs/build-$preset.log" cmake --build --preset "$preset" -j "$jobs" \
      --target "$@"
}
