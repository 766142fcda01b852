#!/bin/sh
# The machines of a pool are the containers of one service of Docker Compose.
#
#   compose.sh PROJECT FILE SERVICE        the words of the pool's driver `command`; the request comes on standard input
#
# `docker compose up --scale` with a smaller number chooses by itself whom it ends, so it is only ever called to have more. Whoever is named
# in `release` is stopped and removed by its own name. A worker is known by the first twelve digits of its container's id, which is also the
# host name in the container: start it with `tidewheel worker --name "$(hostname)"`.
#
# It needs docker with its plugin compose, and nothing else.

set -eu

if [ $# -ne 3 ]; then
  echo 'usage: compose.sh PROJECT FILE SERVICE' >&2
  exit 2
fi
project=$1 file=$2 service=$3
# A worker that is let go is empty: it needs no more than to say goodbye.
stop_seconds=20

fail() {
  printf '{"version":1,"error":"%s"}\n' "$1"
  exit 0
}

containers() {
  docker ps --all --quiet --no-trunc \
    --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$service"
}

# One line each: id, status, health ("none" without a check). Fails when docker does not answer: nothing known is not nobody there.
states() {
  ids=$(containers)
  [ -n "$ids" ] || return 0
  # The ids are words. One that has gone since makes docker fail, and the others are told all the same.
  # shellcheck disable=SC2086
  lines=$(docker inspect --format '{{.ID}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' $ids) ||
    [ -n "$lines" ]
  printf '%s\n' "$lines"
}

observe() {
  machines=
  all=$(states)
  while read -r id status health; do
    note=null
    case "$status $health" in
      'running healthy' | 'running none') state=ready ;;
      'running '* | created*) state=starting ;;
      removing* | paused*) state=stopping ;;
      restarting*) state=failing note='"the container restarts again and again"' ;;
      # Ended: no machine any more. `up` starts it again when it is needed.
      *) continue ;;
    esac
    worker=$(printf '%.12s' "$id")
    machines="$machines${machines:+,}{\"worker\":\"$worker\",\"state\":\"$state\",\"note\":$note}"
  done <<STATES
$all
STATES
  printf '{"version":1,"machines":[%s]}\n' "$machines"
}

apply() {
  for worker in $1; do
    # Anything else than twelve hexadecimal digits was never one of them.
    case $worker in *[!0-9a-f]*) continue ;; esac
    [ ${#worker} -eq 12 ] || continue
    for id in $(containers); do
      case $id in
        "$worker"*)
          docker stop -t "$stop_seconds" "$id" >&2
          docker rm "$id" >&2
          ;;
      esac
    done
  done
  all=$(states)
  living=$(printf '%s' "$all" | grep -c -v -E ' (exited|dead|removing) ' || true)
  if [ "$living" -lt "$2" ]; then
    docker compose --project-name "$project" --file "$file" \
      up --detach --no-deps --no-recreate --scale "$service=$2" "$service" >&2
  fi
  printf '{"version":1}\n'
}

# Names of workers hold no quotes and no commas, and quotes within other texts are escaped: each of these stands in the request once.
request=$(cat)
count=$(printf '%s' "$request" | sed -n 's/.*"count":\([0-9][0-9]*\).*/\1/p')
release=$(printf '%s' "$request" | sed -n 's/.*"release":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' ' ')
case $request in
  *'"version":1,'*'"action":"observe"'*) observe ;;
  *'"version":1,'*'"action":"apply"'*)
    apply "$release" "$count"
    ;;
  *) fail 'the request is of another version, or of a kind that is not known here' ;;
esac
