# watchdog.sh FOLDER COMMAND…: obeys orders, a word on a line each, and answers each with a line.
# When there is no one left to give orders, the server dies and its folder goes, however the test ended.
trap '' HUP INT TERM PIPE
folder=$1
shift
cd "$folder" || exit 1
while read -r order; do
    case $order in
        start)
            "$@" </dev/null >>log 2>&1 &
            pid=$!
            echo "$pid"
            ;;
        kill)
            kill -KILL "$pid"
            wait "$pid"
            pid=''
            echo dead
            ;;
        ask)
            # A shell forgets a child that has ended only when it is asked for its jobs.
            jobs >/dev/null
            if kill -0 "$pid"; then echo alive; else echo dead; fi
            ;;
        *) if kill "-$order" "$pid"; then echo done; else echo dead; fi ;;
    esac
done
if [ -n "$pid" ]; then
    kill -KILL "$pid"
    wait "$pid"
fi
cd / && rm -rf "$folder"
