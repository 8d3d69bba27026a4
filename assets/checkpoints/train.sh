#!/bin/sh
# Trains the classifiers of this folder anew and measures them: out/checkpoints, hours on one core.
#
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh             all of it, one after the other
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh madry ours  these ("start" has to be there)
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh measure madry
#
# Networks that are there already are left as they are; a training that was stopped goes on. Call it
# from the project's folder. --mixed is for CPUs and GPUs that calculate in bfloat16: elsewhere, MIXED=
# (empty) before the command.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
out=out/checkpoints
mkdir -p "$out"

network() { echo "$out/mnist_convnet4a_$1.safetensors"; }

train() { # NAME METHOD SETTINGS...
    [ -f "$(network "$1")" ] && return
    file=$(network "$1"); shift
    method=$1; shift
    "$python" -m levelset_core train-robust --data mnist --model convnet4a --method "$method" \
        --resume "$@" -o "$file"
}

robust() { # NAME METHOD SETTINGS...
    train "$@" --attack-steps 8 --attack-shrink 0.72 --affine ${MIXED---mixed}
}

further() { # NAME METHOD SETTINGS...
    robust "$@" --start-from "$(network start)" --warmup-epochs 0 --epochs 4 --learning-rate 6e-4
}

attack() { # NAME ARGUMENTS...
    file=$(network "$1"); shift
    "$python" -m levelset_core attack "$file" --data mnist_excerpt --threads 1 --card "$@"
}

measure() { # NAME
    attack "$1" --attack pgd-margin --limit 1000
    attack "$1" --attack pgd-xent --limit 1000
    attack "$1" --attack pgd-worst --limit 200
    attack "$1" --attack autoattack --limit 200
    attack "$1" --curves
    others=
    for other in standard madry trades ours; do
        if [ "$other" != "$1" ] && [ -f "$(network "$other")" ]; then
            others="$others $(network "$other")"
        fi
    done
    # shellcheck disable=SC2086
    attack "$1" --examine --others $others
}

step() {
    case $1 in
        standard) train standard standard --preset fast ;;
        start) robust start madry --epochs 14 --warmup-epochs 4 --attack-step 0.6 ;;
        madry) further madry madry --attack-step 0.6 ;;
        trades) further trades trades --attack-step 0.6 ;;
        ours) further ours ours --attack-step 0.8 --attack-step-wrong 0.5 --no-first-crossing ;;
        *) echo "$1 is none of standard, start, madry, trades, ours, measure NAME." >&2; exit 2 ;;
    esac
}

if [ $# = 0 ]; then
    for name in standard start madry trades ours; do step "$name"; done
    for name in standard madry trades ours; do measure "$name"; done
elif [ "$1" = measure ]; then
    shift
    [ $# != 0 ] || { echo "measure what? standard, madry, trades or ours" >&2; exit 2; }
    for name in "$@"; do measure "$name"; done
else
    for name in "$@"; do step "$name"; done
fi
