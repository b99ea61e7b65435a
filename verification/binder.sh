#!/usr/bin/env bash
# Rehearse what Binder builds from the last commit, without a container engine:
#
#     bash verification/binder.sh [FOLDER]
#
# It takes about a minute.  FOLDER keeps what was made, and is a temporary one otherwise.
#
# 1. repo2docker itself reads binder/ and writes the Dockerfile that it would build.
# 2. A venv gets the versions of Jupyter that repo2docker pins, then binder/requirements.txt away from the repository (as in
#    the cached layer), then the committed files and binder/postBuild.
# 3. The server starts as on Binder, the launch address answers, every notebook runs, and memory is added up.
# Packages come from the package index instead of conda-forge, and no image is made: this is a rehearsal.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -gt 0 ]; then
    mkdir -p "$1" && work=$(cd "$1" && pwd)
else
    work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
unset PYTHONPATH JUPYTER_CONFIG_PATH

rm -rf "$work/repo" && mkdir "$work/repo"
git -C "$repo" archive HEAD | tar -x -C "$work/repo"

repo2docker=$(command -v jupyter-repo2docker || true)
if [ -z "$repo2docker" ]; then
    python3 -m venv "$work/tool"
    "$work/tool/bin/pip" install --quiet jupyter-repo2docker
    repo2docker=$work/tool/bin/jupyter-repo2docker
fi
(cd "$work/repo" && "$repo2docker" --no-build --debug . > "$work/Dockerfile" 2> "$work/repo2docker.log") || {
    cat "$work/repo2docker.log" >&2
    exit 1
}
wanted=$(sed -n 's/^python-//p' "$repo/binder/runtime.txt")
for line in "src/binder/requirements.txt " "pip install --no-cache-dir -r .binder/requirements.txt" "RUN ./binder/postBuild"; do
    grep -q -- "$line" "$work/Dockerfile" || { echo "the Dockerfile of repo2docker does not have: $line" >&2; exit 1; }
done
echo "repo2docker: $(grep "environment for python=$wanted\$" "$work/repo2docker.log")" # fails for another Python

python=
for candidate in "${PYTHON:-python$wanted}" "python$wanted" python3; do # PYTHON names another
    if [ -z "$python" ] && "$candidate" -c '' 2>/dev/null; then python=$(command -v "$candidate"); fi
done
version=$("$python" --version)
echo "python: $version"
case $version in *" $wanted."*) ;; *) echo "NOTE: Binder has Python $wanted, which is not here" ;; esac

# Versions of the base image, from the lock file that repo2docker ships.
tool_python=$(head -n 1 "$repo2docker" | sed 's/^#!//')
locks=$("$tool_python" -c 'import pathlib, repo2docker; print(pathlib.Path(repo2docker.__file__).parent / "buildpacks" / "conda")')
for name in ipykernel ipywidgets jupyter-offlinenotebook jupyter-resource-usage jupyter_server jupyterlab jupyterlab_server \
    jupyterlab_widgets notebook; do
    sed -nE "s#.*/($name)-([0-9][^-]*)-[^-]*\$#\1==\2#p" "$locks/environment.py-$wanted-linux-64.lock"
done > "$work/base.txt"
grep -q '^jupyterlab==' "$work/base.txt" || { echo "no versions of the base image in $locks" >&2; exit 1; }

started=$(date +%s)
rm -rf "$work/env" "$work/home" && mkdir "$work/home"
export HOME="$work/home"
"$python" -m venv "$work/env"
export PATH="$work/env/bin:$PATH"
pip install --quiet --requirement "$work/base.txt"
echo "base: $(grep -E '^(jupyterlab|ipywidgets)=' "$work/base.txt" | tr '\n' ' ') $(($(date +%s) - started)) s, $(du -sm "$work/env" | cut -f 1) MB"

mkdir -p "$work/layer" && cp "$repo/binder/requirements.txt" "$work/layer/"
(cd "$work/layer" && pip install --quiet --no-cache-dir --requirement requirements.txt)
(cd "$work/repo" && ./binder/postBuild)
echo "built: $(($(date +%s) - started)) s, $(du -sm "$work/env" | cut -f 1) MB"

cd "$work/repo" && python verification/binder_server.py
