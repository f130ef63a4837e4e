package gateway

// The programs that run in a gateway's container. They need sh and what busybox
// has, some of it perhaps as busybox's applets alone, and HAProxy. Nothing is put into their text: what they need
// comes through their standard input, and has been validated. Each begins with
// a comment that names it, for whoever sees it in a list of processes.

// ask sends a line to the master's command line and prints the answer. eachWorker
// calls "$1 PID AGE RELOADS UPTIME…" for every worker, also those that a reload has
// replaced and that finish what they have: AGE is "current" or "old", RELOADS how
// many there have been since, UPTIME like 0d00h01m02s.
const prelude = `cd ` + folder + ` || exit 2
ask() { printf '%s\n' "$1" | nc -w 10 127.0.0.1 9998; }
eachWorker() {
  age=current
  ask 'show proc' | while read -r pid kind rest; do
    case "$pid $kind" in
      '# old') age=old ;;
      [0-9]*' worker') "$1" "$pid" "$age" $rest ;;
    esac
  done
}
current() { [ "$2" = current ] && echo "$1"; }
`

// askScript asks every worker what its standard input says, a command a line.
const askScript = `# ask
` + prelude + `commands=$(cat)
each() {
  echo "# worker $1 $2"
  printf '%s\n' "$commands" | while read -r command; do ask "@!$1 $command"; done
}
eachWorker each
`

// figuresScript prints the time, and what every worker has counted of backends and
// servers, and of backends once more: see unanswered.
const figuresScript = `# figures
` + prelude + `date +%s
each() {
  echo "# worker $1 $2 $3 $4"
  ask "@!$1 show stat -1 6 -1"
  echo "` + againMark + `"
  ` + askUnanswered + `
}
eachWorker each
`

// tellScript tells workers what the lines of its standard input say: PID command.
const tellScript = `# tell
` + prelude + `while read -r pid command; do ask "@!$pid $command" < /dev/null; done
`

// lookScript prints the configuration, the hashes of certificates, and what the
// current worker runs on.
const lookScript = `# look
` + prelude + `for file in ` + configFile + ` *.map; do
  echo "==> $file <=="
  cat "$file"
done
for file in ` + certificatePrefix + `*` + certificateSuffix + `; do
  [ -e "$file" ] || continue
  echo "==> $file <=="
  { sha256sum || busybox sha256sum; } < "$file" 2> /dev/null
done
each() {
  [ "$2" = current ] || return
  for map in *.map; do
    echo "==> running $map <=="
    ask "@!$1 show map ` + folder + `/$map"
  done
}
eachWorker each
`

// mapsScript changes the maps that its standard input names in every worker,
// each in one step, without a reload. The new files lie beside the old ones.
// They are moved first: whatever happens then, a restart of the gateway has the
// new ones. It prints exchangedMark for a current worker that has come to the end
// of them, and whatever goes wrong in one; an old one may end in the middle.
const mapsScript = `# maps
` + prelude + `maps=$(cat)
for map in $maps; do mv "$map.new" "$map" || exit 2; done
each() {
  for map in $maps; do
    version=$(ask "@!$1 prepare map ` + folder + `/$map")
    case "$version" in
      *'New version created: '*) version=${version##*: } ;;
      *) [ "$2" = old ] && continue; echo "prepare map $map: $version"; return ;;
    esac
    said=$(
      while read -r key value; do
        ask "@!$1 add map @$version ` + folder + `/$map $key $value"
      done < "$map"
      ask "@!$1 commit map @$version ` + folder + `/$map"
    )
    case "$2 $said" in
      "$2 ") ;;
      old*"Can't find the target"*) return ;;
      *) echo "$said" ;;
    esac
  done
  if [ "$2" = current ]; then echo '` + exchangedMark + `'; fi
}
eachWorker each
`

const exchangedMark = "# exchanged"

// reloadScript checks the new files, which its standard input names and which
// lie beside the old ones, and lets a new worker begin with them and with what
// the current one knows of the servers. Files that there were none of come
// first: the check of the configuration wants them. It ends when the new one
// serves. Exit code 3: the files are no good; 4: there is no new worker.
//
// What is known of servers is handed on without gaps: the new worker gives the
// addresses in the DNS to slots from the first one on, also one that a later slot
// has, which thereby loses it until a check has passed.
const reloadScript = `# reload
` + prelude + `close_ranks() {
  ranks=
  while read -r line; do
    set -- $line
    case "$4" in
      s[0-9]*-[0-9]*) ;;
      *) echo "$line"; continue ;;
    esac
    [ "$5" = - ] && continue
    [ "$2 ${4%-*}" = "$ranks" ] || { ranks="$2 ${4%-*}"; rank=0; }
    rank=$((rank + 1)) backend_id=$1 backend=$2 id=$3 name=${4%-*}-$rank
    shift 4
    echo "$backend_id $backend $id $name $*"
  done
}
files=$(cat)
for file in $files; do [ -e "$file" ] || mv "$file.new" "$file" || exit 2; done
haproxy -c -f ` + configFile + `.new >&2 || exit 3
before=$(eachWorker current)
ask "@!$before show servers state" | close_ranks > ` + stateFile + `.new && mv ` + stateFile + `.new ` + stateFile + `
for file in $files; do [ ! -e "$file.new" ] || mv "$file.new" "$file" || exit 2; done
kill -USR2 1
tries=0
while [ "$tries" -lt 100 ]; do
  sleep 0.1
  now=$(eachWorker current)
  [ -n "$now" ] && [ "$now" != "$before" ] && exit 0
  tries=$((tries + 1))
done
ask 'show proc' >&2
exit 4
`

// readyScript ends when a worker serves; exit code 4: there is none.
const readyScript = `# ready
` + prelude + `tries=0
while [ "$tries" -lt 100 ]; do
  [ -n "$(eachWorker current)" ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
exit 4
`

// forgetScript removes the files that its standard input names.
const forgetScript = `# forget
` + prelude + `for file in $(cat); do rm -f "$file" 2> /dev/null || busybox rm -f "$file" || exit 2; done
`
