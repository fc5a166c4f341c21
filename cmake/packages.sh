# Sourced by ./start and ./test: installs Debian 12's packages by name, only those that are missing, and says why.
# As root directly, otherwise by sudo.

packages_build="cmake ninja-build g++ ccache lld pkg-config
  libtbb-dev libboost1.81-dev libssl-dev libsimdjson-dev libpq-dev libxxhash-dev libzstd-dev zlib1g-dev
  libbrotli-dev libsodium-dev libcurl4-openssl-dev libre2-dev libspdlog-dev libfmt-dev libcli11-dev nlohmann-json3-dev
  libtomlplusplus-dev"
packages_run="postgresql-15 curl"   # curl: for the line that the first start prints
packages_test="libgtest-dev libgmock-dev libbenchmark-dev clang clang-format clang-tidy libclang-rt-14-dev llvm python3 openssl
  chromium procps zstd"
# For the dashboard; a newer Node.js of one's own does as well.
command -v npm >/dev/null || packages_build="$packages_build nodejs npm"

missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
  done
}

# install_packages WHY NAME...
install_packages() {
  local why=$1 missing sudo=
  shift
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  echo "installing $why: $missing" >&2
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "these packages are missing and need root: apt-get install $missing" >&2
      return 1
    }
    sudo=sudo
  fi
  # Debian's package would start a PostgreSQL cluster of its own; Mesher keeps its own and needs only the programs.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    $sudo mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  $sudo apt-get update -qq
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold $missing >/dev/null
}
