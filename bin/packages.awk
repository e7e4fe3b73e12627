# Print packages of a lock with their hashes:
#   awk -v only=NAME,NAME -f packages.awk requirements.txt
#   awk -v without=NAME,NAME -f packages.awk requirements.txt
# A package starts at the beginning of a line; its hashes and comments follow, indented.
BEGIN { count = split(only without, names, ","); for (i = 1; i <= count; i++) named[names[i]] = 1 }
/^[^ #]/ { split($1, parts, "=="); printed = (parts[1] in named) == (only != "") }
printed
