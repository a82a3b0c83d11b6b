#!/bin/bash
# build.sh: the lab's binaries (Kubernetes 1.20.2, a small crictl, pause) out of Debian's source package,
# into $LAB_WORK/bin.  Builds only what is missing; installs no package (scripts/install-deps does).
# About 9 minutes on two cores when nothing is there, nothing at all when everything is.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SOURCE_VERSION='1.20.5+really1.20.2'
COMPONENTS=(kube-apiserver kubeadm kubelet kube-controller-manager kube-scheduler kubectl)
mkdir -p "$BIN" "$LAB_WORK/gp/src/k8s.io"

missing=()
for c in "${COMPONENTS[@]}" crictl pause; do [ -x "$BIN/$c" ] || missing+=("$c"); done
if [ ${#missing[@]} = 0 ]; then echo "lab: all binaries are in $BIN"; exit 0; fi
echo "lab: building ${missing[*]} into $BIN"
cd "$LAB_WORK"

# apt-get source needs a deb-src entry; add one only where apt knows of none.
source_entry=/etc/apt/sources.list.d/belay-lab-src.sources
add_source_entry() {
  apt-get indextargets --format '$(CREATED_BY)' 2>/dev/null | grep -qx Sources && return
  cat >"$source_entry" <<SOURCES
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  apt-get update -qq
}
if [ ! -d "kubernetes-$SOURCE_VERSION" ]; then
  add_source_entry
  # A machine that has never run `apt-get update` since the entry was made has no index yet.
  apt-get source -qq --download-only kubernetes || { apt-get update -qq; apt-get source -qq --download-only kubernetes; }
  rm -rf unpacking && dpkg-source -x kubernetes_*.dsc unpacking && mv unpacking "kubernetes-$SOURCE_VERSION"
fi
ln -sfn "$LAB_WORK/kubernetes-$SOURCE_VERSION" gp/src/k8s.io/kubernetes

export PATH=/usr/lib/go-1.19/bin:$PATH GOPATH=$LAB_WORK/gp GOCACHE=$LAB_WORK/gocache GOFLAGS='' GO111MODULE=off CGO_ENABLED=0
cd gp/src/k8s.io/kubernetes

# 1.20's vendored reflect2 1.0.1 crashes (nil deref in mapiternext) when built with Go >= 1.18;
# Debian's own 1.0.2 package is the fix.
r=vendor/github.com/modern-go/reflect2
if ! [ -e $r/go_above_118.go ]; then
  rm -f $r/*.go $r/*.s
  cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} $r/
fi

# kube-apiserver needs one generated file that the source package does not ship.
if [ ! -f pkg/generated/openapi/zz_generated.openapi.go ]; then
  go build -o "$LAB_WORK/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  dirs=$( (grep -rl --include=*.go '+k8s:openapi-gen=' cmd pkg plugin
           for d in vendor/k8s.io/*; do [ -L "$d" ] && grep -Rl --include=*.go '+k8s:openapi-gen=' "$d/" || :; done) \
        | grep -v -e code-generator -e sample-apiserver -e '_test.go' | sed 's#//#/#g' | xargs -n1 dirname | LC_ALL=C sort -u)
  # shellcheck disable=SC2086
  in=$(printf 'k8s.io/kubernetes/%s\n' $dirs | paste -sd,)
  "$LAB_WORK/openapi-gen" --logtostderr -i "$in" -p k8s.io/kubernetes/pkg/generated/openapi \
     -O zz_generated.openapi -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt \
     -r "$LAB_WORK/openapi-violations.report" -o "$GOPATH/src"
  diff "$LAB_WORK/openapi-violations.report" api/api-rules/violation_exceptions.list
fi

X=''
for p in k8s.io/kubernetes/vendor/k8s.io/component-base/version k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
  X+=" -X $p.gitVersion=v1.20.2 -X $p.gitMajor=1 -X $p.gitMinor=20 -X $p.gitTreeState=clean"
done
# A build that is cut off must not look like a finished one: build beside, then rename.
install_built() { mv "$BIN/.$1.new" "$BIN/$1"; }
for c in "${COMPONENTS[@]}"; do
  [ -x "$BIN/$c" ] && continue
  s=$(date +%s)
  go build -ldflags "-s -w$X" -o "$BIN/.$c.new" "k8s.io/kubernetes/cmd/$c"; install_built "$c"
  echo "lab: built $c in $(( $(date +%s) - s )) s"
done
if [ ! -x "$BIN/crictl" ]; then  # Debian 12 packages no cri-tools; ours is built against the vendored CRI API
  mkdir -p cmd/lab-crictl && cp "$LAB_HOME/crictl/main.go" cmd/lab-crictl/main.go
  go build -ldflags '-s -w' -o "$BIN/.crictl.new" k8s.io/kubernetes/cmd/lab-crictl; install_built crictl
fi
if [ ! -x "$BIN/pause" ]; then
  gcc -Os -Wall -static -DVERSION=3.2 -o "$BIN/.pause.new" build/pause/linux/pause.c
  strip "$BIN/.pause.new"; install_built pause
fi
echo "lab: all binaries are in $BIN"
