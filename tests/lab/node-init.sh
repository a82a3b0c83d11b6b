#!/bin/bash
# PID 1 of one lab node: runs inside fresh mount/uts/ipc/pid/net/cgroup namespaces, sets up the node's own
# view of the file system, starts containerd and kubelet under a restart loop, then becomes a reaper.
set -e
N=$1; D=$LAB_WORK/nodes/$N
hostname "$N"
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for c in cpu cpuacct cpuset memory devices freezer blkio pids; do mkdir "/sys/fs/cgroup/$c"; mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c"; done
mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mkdir -p /var/lib/kubelet /var/lib/containerd /var/lib/etcd /var/lib/cni /var/lib/belay-agent /root/.kube /usr/libexec/kubernetes
for m in etc:/etc var-log:/var/log var-lib-kubelet:/var/lib/kubelet var-lib-containerd:/var/lib/containerd var-lib-etcd:/var/lib/etcd \
         var-lib-cni:/var/lib/cni \
         var-lib-belay-agent:/var/lib/belay-agent root-kube:/root/.kube var-backups:/var/backups; do
  mkdir -p "${m#*:}"; mount --bind "$D/${m%%:*}" "${m#*:}"
done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /run/lab /run/lock; ln -sfn /run/lock /var/lock 2>/dev/null || :
mount --make-rshared /
mkdir -p /var/log/pods /var/log/containers
export PATH=$LAB_WORK/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

svc() { # name command: restart loop, like systemd's Restart=always RestartSec=2; /run/lab/NAME.stop holds it down
  local n=$1; shift
  while :; do
    if [ ! -e "/run/lab/$n.stop" ]; then
      "$@" >>"/var/log/$n.log" 2>&1 </dev/null & echo $! >"/run/lab/$n.pid"
      wait $! || :
      rm -f "/run/lab/$n.pid"; echo "$(date +%FT%T) lab: $n exited" >>"/var/log/$n.log"
    fi
    sleep 2
  done
}
kubelet_run() { # what kubeadm's systemd drop-in does
  [ -f /var/lib/kubelet/config.yaml ] && [ -f /etc/kubernetes/kubelet.conf ] || { sleep 1; exit 1; }
  # shellcheck disable=SC1091
  . /var/lib/kubelet/kubeadm-flags.env
  # shellcheck disable=SC2086
  exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \
    --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS ${LAB_KUBELET_EXTRA:-}
}
[ -e /etc/kubernetes/kubelet.conf ] || touch /run/lab/kubelet.stop
set +e
(svc containerd containerd) &
(svc kubelet kubelet_run) &
touch "$D/ready"
exec "$LAB_WORK/bin/pause"
