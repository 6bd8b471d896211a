#!/bin/sh
# Installs packages in an image: packages.sh NAME…. PACKAGES says where PostgreSQL, Patroni and pgBackRest come from:
#   pgdg    PostgreSQL's own repository (apt.postgresql.org): the newest pgBackRest and Patroni, every supported major
#   debian  Debian alone: no other host is asked, one major, and older versions
# The two ends of pgBackRest's protocol must have the same version, so both images install it with this file.
set -eu
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends "$@"; }

# Patroni makes the data directory, so PostgreSQL's package must not make one.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/none.conf

apt-get update -q
case "$PACKAGES" in
  debian) ;;
  pgdg)
    # Debian's package brings the key.
    install ca-certificates postgresql-common
    . /etc/os-release
    printf '%s\n' 'Types: deb' 'URIs: https://apt.postgresql.org/pub/repos/apt' "Suites: $VERSION_CODENAME-pgdg" 'Components: main' \
      'Signed-By: /usr/share/postgresql-common/pgdg/apt.postgresql.org.gpg' >/etc/apt/sources.list.d/pgdg.sources
    apt-get update -q
    ;;
  *) echo "PACKAGES=$PACKAGES: write pgdg or debian" >&2; exit 1 ;;
esac
if ! apt-cache show "postgresql-$POSTGRES_MAJOR" >/dev/null 2>&1; then
  echo "PACKAGES=$PACKAGES has no PostgreSQL $POSTGRES_MAJOR: build with --build-arg PACKAGES=pgdg, or another POSTGRES_MAJOR" >&2
  exit 1
fi
install ca-certificates pgbackrest "postgresql-$POSTGRES_MAJOR" "postgresql-client-$POSTGRES_MAJOR" "$@"

# A name that does not depend on the major, for PATH. Debian's own `psql` only finds clusters that Debian's tools made.
ln -s "$POSTGRES_MAJOR" /usr/lib/postgresql/current

# at_least PROGRAM VERSION: an image with an older one is not built.
at_least() {
  found=$(dpkg-query --show --showformat='${Version}' "$1")
  dpkg --compare-versions "${found#*:}" ge "$2" && return
  echo "$1 $found is older than $2: build with --build-arg PACKAGES=pgdg" >&2
  exit 1
}
at_least pgbackrest "$PGBACKREST"
for name in "$@"; do
  case "$name" in
    patroni) at_least patroni "$PATRONI" ;;
    restic) at_least restic "$RESTIC" ;;
  esac
done
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
