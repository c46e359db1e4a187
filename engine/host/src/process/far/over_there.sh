# What runs on the other machine, in its /bin/sh, from standard input. Before it stand the values: see `script.rs`.
#
#   rb_n  a word that nobody can guess: what is said to the engine stands between it and the end of the record separator
#   rb_k  what the command is known by: its run and its number
#   rb_keep  yes where a record is kept of it, which outlives the connection
#   rb_t  seconds between two ticks; the engine sends `beat` as often
#   rb_dir rb_prog  the folder, and the program that must be there; empty where there is none
#   rb_env rb_begin  functions: the environment, and the command itself
#
# All that happens comes as a line of one pipe to `rb_loop`: what the engine sends, the end of the connection, ticks, and
# the end of the command. So nothing here waits for two things at once, and nothing hangs on signals.

rb_say() { printf '\036%s %s\036' "$rb_n" "$1"; }

rb_note() {
  if [ -n "$rb_r" ]; then printf '%s\n' "$1" >>"$rb_r"; fi 2>/dev/null
}

# Where records are kept: the better place, and the one where there is no home that can be written.
rb_home="${XDG_STATE_HOME:-${HOME:-}/.local/state}/runbook/remote"
rb_spare="/var/tmp/runbook-$(id -u)"

# Keeps a record in a folder, which says that the command was begun: 1 where it cannot, 2 where there is one already.
rb_record() {
  (umask 077 && mkdir -p -- "$1") 2>/dev/null
  if [ ! -d "$1" ] || [ -L "$1" ] || [ ! -O "$1" ] || [ ! -w "$1" ]; then return 1; fi
  if [ -e "$1/$rb_k" ]; then return 2; fi
  (umask 077 && set -C && printf 'began\n' >"$1/$rb_k") 2>/dev/null || return 1
  rb_r=$1/$rb_k
  (find "$1" -type f -mtime +30 -exec rm -f -- {} +) </dev/null >/dev/null 2>&1 &
}

# Everybody of the command, by what its environment says.
rb_marked() {
  grep -lFsxz -- "RUNBOOK_COMMAND=$rb_k" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'
}

# Everybody in the command's own group.
rb_grouped() {
  for rb_f in /proc/[0-9]*/stat; do
    if read -r rb_l <"$rb_f"; then
      rb_i=${rb_f#/proc/}
      rb_l=${rb_l##*) }
      case $rb_l in
      Z*) ;;
      *" $rb_p "*)
        rb_l=${rb_l#* * }
        if [ "${rb_l%% *}" = "$rb_p" ]; then printf '%s\n' "${rb_i%/stat}"; fi
        ;;
      esac
    fi 2>/dev/null
  done
}

rb_hit() {
  if [ -n "$rb_p" ]; then
    kill -s "$1" "-$rb_p" || kill -s "$1" "$rb_p"
  fi 2>/dev/null
  for rb_q in $(rb_marked); do kill -s "$1" "$rb_q"; done 2>/dev/null
  # A stopped process does nothing about TERM until it goes on.
  if [ "$1" = TERM ]; then rb_hit CONT; fi
}

# The dead that nobody buried do not count, where that can be seen.
rb_lives() {
  if [ -n "$rb_p" ] && kill -s 0 "-$rb_p" 2>/dev/null; then
    if [ ! -d /proc/self ] || [ -n "$(rb_grouped)" ]; then return 0; fi
  fi
  [ -n "$(rb_marked)" ]
}

rb_wait() {
  for rb_x in 1 2 3; do
    if rb_lives; then sleep 1; fi
  done
}

# Why it is ended: stop (the engine says so) or cut (nobody is there any more).
rb_end() {
  if [ "$1" = cut ]; then rb_alone=yes; fi
  if [ -n "$rb_why" ]; then return; fi
  rb_why=$1
  rb_note "$1"
  rb_hit TERM
}

rb_kill() {
  rb_hit KILL
  rb_killed=$((rb_killed + 1))
  rb_wait
}

rb_loop() {
  trap : PIPE
  rb_p= rb_why= rb_st= rb_alone= rb_idle=0 rb_dying=0 rb_killed=0
  while IFS= read -r rb_w; do
    case $rb_w in
    'pid '*) rb_p=${rb_w#pid } ;;
    beat) rb_idle=0 ;;
    tick)
      rb_idle=$((rb_idle + 1))
      if [ "$rb_idle" -gt 6 ]; then rb_end cut; fi
      if [ -n "$rb_alone" ]; then
        rb_dying=$((rb_dying + 1))
        if [ "$rb_dying" -gt 2 ]; then rb_kill; fi
      fi
      ;;
    gone) rb_end cut ;;
    stop) rb_end stop ;;
    kill)
      rb_end stop
      rb_kill
      ;;
    'ended '*)
      rb_st=${rb_w#ended }
      if [ -z "$rb_why" ]; then break; fi
      if rb_lives; then sleep 1; fi
      ;;
    esac
    # What was told to end is over only when all of its tree is.
    if [ -n "$rb_why" ] && [ -n "$rb_st" ]; then
      if [ "$rb_killed" -gt 2 ] || ! rb_lives; then break; fi
    fi
  done
  if [ -z "$rb_st" ]; then return; fi
  if [ -z "$rb_why" ]; then
    # One that failed because nobody took what it said did not fail by itself.
    if [ "$rb_st" != 0 ] && ! rb_say pulse >&5; then rb_note cut; fi 2>/dev/null
    rb_leftovers
  fi
  rb_note "ended $rb_st"
  { rb_say end >&6; rb_say "end ${rb_why:-self} $rb_st" >&5; } 2>/dev/null
}

# As for a command on the engine's own machine: what holds its output is stopped, and so is what it left in its own group
# where it failed; what made itself a group of its own was meant to stay.
rb_leftovers() {
  rb_rest=$(
    rb_marked
    if kill -s 0 "-$rb_p" 2>/dev/null; then rb_grouped; fi
  )
  if [ -z "$rb_rest" ]; then return; fi
  rb_out=$(readlink "/proc/self/fd/5")
  rb_err=$(readlink "/proc/self/fd/6")
  rb_told=
  for rb_q in $(printf '%s\n' "$rb_rest" | sort -u); do
    read -r rb_l 2>/dev/null <"/proc/$rb_q/stat" || continue
    rb_name=${rb_l#*(}
    rb_name=${rb_name%)*}
    rb_l=${rb_l##*) }
    rb_l=${rb_l#* * }
    rb_how=goes
    if [ "$rb_st" != 0 ] && [ "${rb_l%% *}" = "$rb_p" ]; then rb_how=behind; fi
    rb_open=$(ls -l "/proc/$rb_q/fd" 2>/dev/null)
    case $rb_open in *"-> $rb_out"*|*"-> $rb_err"*) rb_how=held ;; esac
    if [ "$rb_how" != goes ]; then
      kill -s TERM "$rb_q" 2>/dev/null
      rb_told="$rb_told $rb_q"
    fi
    rb_say "left $rb_how $rb_q $rb_name" >&5 2>/dev/null
  done
  for rb_q in $rb_told; do
    if kill -s 0 "$rb_q" 2>/dev/null; then
      sleep 1
      kill -s KILL "$rb_q" 2>/dev/null
    fi
  done
}

rb_main() {
  unset CDPATH
  rb_r=
  if [ -n "$rb_dir" ] && ! cd -- "$rb_dir" 2>/dev/null; then
    rb_say 'never folder'
    return
  fi
  if ! (rb_env) 2>/dev/null; then
    rb_say 'never environment'
    return
  fi
  if [ -n "$rb_prog" ] && ! (rb_env && command -v -- "$rb_prog") >/dev/null 2>&1; then
    rb_say 'never program'
    return
  fi
  if [ "$rb_keep" = yes ]; then
    rb_record "$rb_home"
    rb_x=$?
    if [ "$rb_x" = 1 ]; then
      rb_record "$rb_spare"
      rb_x=$?
    fi
    if [ "$rb_x" = 2 ]; then
      rb_say 'never twice'
      return
    fi
  fi
  rb_s=
  if command -v setsid >/dev/null 2>&1; then rb_s=setsid; fi
  exec 3<&0 5>&1 6>&2 </dev/null
  {
    (
      while IFS= read -r rb_w; do printf '%s\n' "$rb_w"; done
      echo gone
    ) <&3 >&4 3<&- 5>&- 6>&- &
    (while sleep "$rb_t"; do echo tick; done) >&4 3<&- 5>&- 6>&- &
    (
      exec 1>&5 2>&6 3<&- 5>&- 6>&-
      rb_say begin
      rb_say begin >&2
      RUNBOOK_COMMAND=$rb_k
      export RUNBOOK_COMMAND
      rb_env
      rb_begin
    )
    echo "ended $?" >&4
  } 4>&1 >/dev/null 2>&1 | rb_loop
}

rb_look() {
  rb_ended= rb_cut=
  if [ -z "$rb_r" ]; then return; fi
  while read -r rb_w rb_v; do
    case $rb_w in
    ended) rb_ended=$rb_v ;;
    cut | stop) rb_cut=yes ;;
    esac
  done <"$rb_r"
}

# What became of it, for an engine that was not there. What still lives of it, and did not come to its end, is ended.
rb_inquire() {
  rb_p= rb_r=
  for rb_d in "$rb_home" "$rb_spare"; do
    if [ -z "$rb_r" ] && [ -f "$rb_d/$rb_k" ] && [ -O "$rb_d/$rb_k" ]; then rb_r=$rb_d/$rb_k; fi
  done
  rb_look
  rb_x=0
  while [ -z "$rb_ended" ] && rb_lives; do
    case $rb_x in
    0)
      rb_note cut
      rb_cut=yes
      rb_hit TERM
      ;;
    10 | 11 | 12) rb_hit KILL ;;
    15)
      rb_say 'is alive'
      return
      ;;
    esac
    rb_x=$((rb_x + 1))
    sleep 1
    rb_was=$rb_cut
    rb_look
    rb_cut=${rb_was:-$rb_cut}
  done
  # Who watched it there may be about to write down its end.
  if [ -n "$rb_r" ] && [ -z "$rb_ended" ]; then
    sleep 1
    rb_look
  fi
  if [ -n "$rb_cut" ]; then
    rb_say 'is cut'
  elif [ -n "$rb_ended" ]; then
    rb_say "is ended $rb_ended"
  elif [ -n "$rb_r" ]; then
    rb_say 'is gone'
  else
    rb_say 'is unknown'
  fi
}

# Puts the command of an `interactive` step where the terminal's own connection finds it.
rb_deposit() {
  (umask 077 && mkdir -p -- "${HOME:-}/.local/state/runbook/remote") 2>/dev/null
  cd -- "${HOME:-}/.local/state/runbook/remote" 2>/dev/null || { rb_say 'never deposit'; return; }
  if (umask 077 && set -C && printf '%s' "$1" >"$rb_k.sh") 2>/dev/null; then rb_say laid; else rb_say 'never deposit'; fi
}
