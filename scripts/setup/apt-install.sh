#!/bin/sh
# Only installs Debian packages: it starts and enables no server, and keeps PostgreSQL's package from creating a
# cluster. Run as root: apt-install.sh PACKAGE…
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

policy=/usr/sbin/policy-rc.d
cluster_folder=/etc/postgresql-common/createcluster.d
cluster_conf=$cluster_folder/go-coffee-dr.conf
own_policy=no

clean_up() {
  rm -f "$cluster_conf"
  rmdir "$cluster_folder" 2>/dev/null || true
  if [ "$own_policy" = yes ]; then rm -f "$policy"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# An existing policy belongs to the administrator.
if [ ! -e "$policy" ]; then
  own_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
mkdir -p "$cluster_folder"
echo 'create_main_cluster = false' >"$cluster_conf"

# Servers whose packages enable them, as package:service.
servers='redis-server:redis-server mariadb-server:mariadb'
had=
for server in $servers; do
  if dpkg -s "${server%%:*}" >/dev/null 2>&1; then had="$had $server"; fi
done

apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@"

for server in $servers; do
  case " $had " in *" $server "*) continue ;; esac
  if dpkg -s "${server%%:*}" >/dev/null 2>&1; then
    # With and without systemd; both come with Debian's base.
    update-rc.d "${server##*:}" disable >/dev/null 2>&1 || true
    deb-systemd-helper disable "${server##*:}.service" >/dev/null 2>&1 || true
  fi
done
