#!/bin/bash
# shellcheck disable=SC2034
# Shared settings and helpers; sourced by the lab scripts (bash, root).  README.md says what the lab is.
LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_WORK=${LAB_WORK:-${XDG_CACHE_HOME:-$HOME/.cache}/belay-lab}
BIN=$LAB_WORK/bin; IMAGES=$LAB_WORK/images; NODES=$LAB_WORK/nodes; LB=$LAB_WORK/lb
BR=lab0; NET=10.77.0; LBIP=$NET.1
CONTROLLERS='cpu cpuacct cpuset memory devices freezer blkio pids'
export LAB_HOME LAB_WORK

node_ip()  { echo "$NET.$((10 + ${1#cp}))"; }                       # cp1 -> 10.77.0.11
node_pid() { local p; p=$(cat "$NODES/$1/init.pid" 2>/dev/null) && kill -0 "$p" 2>/dev/null && echo "$p"; }
nodes_all(){ local d; for d in "$NODES"/cp*/; do [ -d "$d" ] && basename "$d"; done; }
log()      { printf '%s [%6.1fs] %s\n' "$(date +%H:%M:%S)" "$(( ($(date +%s%N) - ${T0:=$(date +%s%N)}) / 100000000 ))e-1" "$*"; }

# run a command inside a node (all namespaces); keeps the working directory where it exists in the node
nexec() {
  local n=$1 p; shift; p=$(node_pid "$n") || { echo "node $n is not running" >&2; return 125; }
  nsenter -t "$p" -m -u -i -n -p -C -- /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 LAB_NODE="$n" \
    PATH="$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" KUBECONFIG=/etc/kubernetes/admin.conf ${NEXEC_ENV:-} \
    /bin/sh -c 'cd "$0" 2>/dev/null || cd /; exec "$@"' "$PWD" "$@"
}

net_up() {
  [ -d /sys/class/net/$BR ] || { ip link add $BR type bridge; ip addr add $LBIP/24 dev $BR; }
  ip link set $BR up
}
node_net() { # cpX
  local n=$1 ip; ip=$(node_ip "$n")
  [ -e "/run/netns/lab-$n" ] && return
  ip netns add "lab-$n"
  ip link add "v-$n" type veth peer name eth0 netns "lab-$n"
  ip link set "v-$n" master $BR up
  ip -n "lab-$n" link set lo up
  ip -n "lab-$n" addr add "$ip/24" dev eth0
  ip -n "lab-$n" link set eth0 up
  ip -n "lab-$n" route add default via $LBIP
}

node_dirs() { # cpX: the node's own writable places (everything else is the host's root file system)
  local n=$1 d=$NODES/$1 i
  [ -d "$d/etc" ] && return
  mkdir -p "$d"/{etc,var-log,var-lib-kubelet,var-lib-containerd,var-lib-etcd,var-lib-cni,var-lib-belay-agent,root-kube,var-backups}
  cp -a /etc/. "$d/etc/"; rm -rf "$d/etc/kubernetes" "$d/etc/cni" "$d/etc/containerd" "$d/etc/belay-agent"; chmod 700 "$d/var-lib-etcd" "$d/var-lib-belay-agent"
  mkdir -p "$d/etc/kubernetes/manifests" "$d/etc/cni/net.d" "$d/etc/containerd"
  echo "$n" >"$d/etc/hostname"
  { echo "127.0.0.1 localhost"; echo "$LBIP lab-lb"; for i in 1 2 3 4 5; do echo "$(node_ip cp$i) cp$i"; done; } >"$d/etc/hosts"
  dd if=/dev/urandom bs=16 count=1 2>/dev/null | od -An -tx1 | tr -d ' \n' >"$d/etc/machine-id"
  cat >"$d/etc/containerd/config.toml" <<TOML
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "k8s.gcr.io/pause:3.2"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
TOML
  cat >"$d/etc/cni/net.d/10-lab.conflist" <<JSON
{"cniVersion":"0.3.1","name":"lab","plugins":[{"type":"ptp","ipam":{"type":"host-local","subnet":"10.244.${n#cp}.0/24","routes":[{"dst":"0.0.0.0/0"}]}}]}
JSON
}

node_boot() { # cpX: start the node's namespaces, PID 1, containerd and (once configured) kubelet
  local n=$1 c g
  node_pid "$n" >/dev/null && { echo "$n already running" >&2; return 1; }
  node_net "$n"; node_dirs "$n"
  for c in $CONTROLLERS systemd; do
    for g in lab "lab/$n"; do
      mkdir -p "/sys/fs/cgroup/$c/$g"
      [ $c = cpuset ] && { cat /sys/fs/cgroup/cpuset/cpuset.cpus >"/sys/fs/cgroup/cpuset/$g/cpuset.cpus"; cat /sys/fs/cgroup/cpuset/cpuset.mems >"/sys/fs/cgroup/cpuset/$g/cpuset.mems"; }
    done
  done
  # weight against other work on the machine (1024 = one ordinary process); etcd is the first to suffer without it
  echo "${LAB_CPU_SHARES:-20480}" >/sys/fs/cgroup/cpu/lab/cpu.shares
  rm -f "$NODES/$n/init.pid"
  # shellcheck disable=SC2016
  setsid /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 LAB_HOME="$LAB_HOME" LAB_WORK="$LAB_WORK" /bin/bash -c '
      n=$0; for c in "$@"; do echo $$ >/sys/fs/cgroup/$c/lab/$n/cgroup.procs; done
      exec nsenter --net=/run/netns/lab-$n unshare -m -u -i -p -C --fork --kill-child --propagation private /bin/bash "$LAB_HOME/node-init.sh" $n' \
      "$n" $CONTROLLERS systemd >"$NODES/$n/init.log" 2>&1 </dev/null &
  local u=$! p='' i
  for i in $(seq 100); do
    p=$(cat "/proc/$u/task/$u/children" 2>/dev/null | tr -d ' ')
    [ -n "$p" ] && [ -e "$NODES/$n/ready" ] && break; sleep 0.1
  done
  rm -f "$NODES/$n/ready"
  [ -n "$p" ] || { echo "$n did not start:"; cat "$NODES/$n/init.log"; return 1; }
  echo "$p" >"$NODES/$n/init.pid"
}

node_kill() { # cpX: like pulling the power plug; files stay
  local n=$1 p c i d; p=$(node_pid "$n") || p=''
  if [ -n "$p" ]; then
    kill -KILL "$p"; for i in $(seq 300); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
  fi
  rm -f "$NODES/$n/init.pid"
  for c in $CONTROLLERS systemd; do
    for i in $(seq 50); do
      [ -d "/sys/fs/cgroup/$c/lab/$n" ] || break
      find "/sys/fs/cgroup/$c/lab/$n" -depth -type d -exec rmdir {} + 2>/dev/null; sleep 0.1
    done
  done
}
