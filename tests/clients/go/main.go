// Small programs over franz-go, called by the tests of real clients.
//
//	peer both|write|read BOOTSTRAP PREFIX RECORDS BASE_TIME   round trip, see records.go
//	peer load BOOTSTRAP TOPIC PARTITIONS                      idempotent producer until standard input ends, see load.go
//	peer load-by-name BOOTSTRAP TOPIC PARTITIONS              the same without topic ids
//	peer drain BOOTSTRAP TOPIC PARTITIONS                     reads what a producer under load left
//	peer create|delete BOOTSTRAP TOPIC [PARTITIONS]           topics
//	peer list BOOTSTRAP                                       one topic name per line
//	peer scan BOOTSTRAP TOPIC PARTITION                       fetches whole batches from offset 0; prints their bytes and the answer that ended it
//	peer single BOOTSTRAP TOPIC PARTITION FIRST COUNT         one record per request, one request at a time
//	peer member BOOTSTRAP GROUP TOPIC INSTANCE SESSION_MS     a member of a group, see member.go
//	peer committed BOOTSTRAP GROUP                            the offsets of a group
//	peer transact write BOOTSTRAP ID TIMEOUT_MS               a producer of transactions, see transact.go
//	peer transact see BOOTSTRAP TOPIC PARTITION ISOLATION     what a reader gets
//	peer transact committed BOOTSTRAP GROUP TOPIC PARTITION   what a group has committed
//	peer pipe BOOTSTRAP ID INPUT OUTPUT COUNT SEED            a pipeline of transactions, see pipe.go
//
// Exit status 1 with one line that names the first difference.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

const limit = 60 * time.Second

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "DIFFERENT "+format+"\n", args...)
	os.Exit(1)
}

func main() {
	a := os.Args[1:]
	switch {
	case len(a) == 5 && (a[0] == "both" || a[0] == "write" || a[0] == "read"):
		roundtrip(a[0], a[1], a[2], number(a[3]), int64(number(a[4])))
	case len(a) == 4 && (a[0] == "load" || a[0] == "load-by-name"):
		load(a[1], a[2], number(a[3]), a[0] == "load-by-name")
	case len(a) == 4 && a[0] == "drain":
		drain(a[1], a[2], number(a[3]))
	case len(a) == 4 && a[0] == "create":
		create(connect(a[1]), a[2], number(a[3]))
	case len(a) == 3 && a[0] == "delete":
		remove(connect(a[1]), a[2])
	case len(a) == 2 && a[0] == "list":
		list(connect(a[1]))
	case len(a) == 4 && a[0] == "scan":
		scan(connect(a[1]), a[2], number(a[3]))
	case len(a) == 6 && a[0] == "single":
		single(a[1], a[2], number(a[3]), number(a[4]), number(a[5]))
	case len(a) == 6 && a[0] == "member":
		member(a[1], a[2], a[3], a[4], number(a[5]))
	case len(a) == 3 && a[0] == "committed":
		committed(connect(a[1]), a[2])
	case len(a) == 5 && a[0] == "transact" && a[1] == "write":
		transact(a[2], a[3], number(a[4]))
	case len(a) == 6 && a[0] == "transact" && a[1] == "see":
		see(a[2], a[3], number(a[4]), a[5])
	case len(a) == 6 && a[0] == "transact" && a[1] == "committed":
		committed(connect(a[2]), a[3])
	case len(a) == 7 && a[0] == "pipe":
		pipe(a[1], a[2], a[3], a[4], number(a[5]), number(a[6]))
	default:
		fail("no such call: %q", a)
	}
}
