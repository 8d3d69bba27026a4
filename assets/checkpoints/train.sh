#!/bin/sh
# Trains the classifiers of this folder anew and measures them: out/checkpoints, hours on one core.
#
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh             all of it, one after the other
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh madry level_set  these ("start" has to be there)
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh cifar10-start cifar10-level_set
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh wide-madry wide-trades wide-level_set
#   LEVELSET_DATA=FOLDER assets/checkpoints/train.sh measure madry
#
# "wide-": from the Madry network of this folder, every method up to the same radius, 0.4.
#
# Networks that are there already are left as they are; a training that was stopped goes on. Call it
# from the project's folder. --mixed is for CPUs and GPUs that calculate in bfloat16: elsewhere, MIXED=
# (empty) before the command.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
out=out/checkpoints
mkdir -p "$out"

model() { case $1 in cifar10-*) echo convnet4b ;; *) echo convnet4a ;; esac; }
images() { case $1 in cifar10-*) echo cifar10 ;; *) echo mnist ;; esac; }
network() { echo "$out/$(images "$1")_$(model "$1")_${1#cifar10-}.safetensors"; }

train() { # NAME METHOD SETTINGS...
    saved=$1 method=$2; shift 2
    [ -f "$(network "$saved")" ] && return
    "$python" -m levelset_core train-robust --data "$(images "$saved")" --model "$(model "$saved")" \
        --method "$method" --resume "$@" -o "$(network "$saved")"
}

robust() { # NAME METHOD SETTINGS...
    case $1 in
        cifar10-*) train "$@" ${MIXED---mixed} ;;
        *) train "$@" --attack-steps 8 --attack-shrink 0.72 --affine ${MIXED---mixed} ;;
    esac
}

further() { # NAME METHOD SETTINGS...
    case $1 in cifar10-*) start=cifar10-start half=--half ;; *) start=start half= ;; esac
    robust "$@" --start-from "$(network $start)" --warmup-epochs 0 --learning-rate 6e-4 $half
}

wide() { # NAME METHOD SETTINGS...
    robust "$@" --start-from assets/checkpoints/mnist_convnet4a_madry.safetensors --epochs 4 \
        --epsilon 0.4 --epsilon-start 0.32 --warmup-epochs 1 --attack-step 0.8 \
        --learning-rate 6e-4 --replays "${REPLAYS:-1}"
}

attack() { # NAME ARGUMENTS...
    case $1 in cifar10-*) tested=cifar10 ;; *) tested=mnist_excerpt ;; esac
    file=$(network "$1"); shift
    "$python" -m levelset_core attack "$file" --data $tested --threads 1 --card "$@"
}

autoattack() { # NAME EPSILON: hours; what was cut off goes on
    case $1 in cifar10-*) size= ;; *) size="--eps $2" ;; esac
    # shellcheck disable=SC2086
    attack "$1" --attack autoattack $size --limit 1000 --resume "$out/autoattack_$1_$2.safetensors"
}

measure() { # NAME
    attack "$1" --attack pgd-margin --limit 1000
    attack "$1" --attack pgd-xent --limit 1000
    attack "$1" --attack pgd-worst --limit 200
    attack "$1" --attack pgd-strong --limit 1000
    attack "$1" --curves
    autoattack "$1" 0.3
    case $1 in cifar10-*) ;; *) autoattack "$1" 0.4 ;; esac
    others=
    for other in standard madry trades level_set; do
        case $1 in cifar10-*) other=cifar10-$other ;; esac
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
        madry) further madry madry --epochs 4 --attack-step 0.6 ;;
        trades) further trades trades --epochs 4 --attack-step 0.6 ;;
        level_set)
            further level_set level-set --epochs 4 --attack-step 0.8 --attack-step-wrong 0.5 \
                --no-first-crossing ;;
        wide-madry) wide wide-madry madry ;;
        wide-trades) wide wide-trades trades --beta 3 ;;
        wide-level_set)
            wide wide-level_set level-set --search xent --distance linf --distance-decay 6 \
                --margin-temperature 5 --weight-correct 10 --partner trades --weight-attacked 3 \
                --weight-clean 1 --no-first-crossing ;;
        cifar10-standard) train cifar10-standard standard --epochs 8 --half ;;
        cifar10-start) robust cifar10-start madry --epochs 24 ;;
        cifar10-madry) further cifar10-madry madry --epochs 4 ;;
        cifar10-trades) further cifar10-trades trades --epochs 4 ;;
        cifar10-level_set)
            further cifar10-level_set level-set --epochs 4 --no-first-crossing ;;
        *) echo "$1 is none of $all, nor cifar10- and one of them, nor measure." >&2; exit 2 ;;
    esac
}

all="standard start madry trades level_set"
if [ $# = 0 ]; then
    for name in $all; do step "$name"; step "cifar10-$name"; done
    for name in standard madry trades level_set; do measure "$name"; measure "cifar10-$name"; done
elif [ "$1" = measure ]; then
    shift
    [ $# != 0 ] || { echo "measure what? $all, or cifar10- and one of them" >&2; exit 2; }
    for name in "$@"; do measure "$name"; done
else
    for name in "$@"; do step "$name"; done
fi
