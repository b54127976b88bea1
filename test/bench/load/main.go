// Command load is both ends of the Envoy benchmark: an upstream that costs as little as possible and a load generator
// of a few keep-alive connections. Both speak just enough HTTP/1.1 for each other and for Envoy between them; both stay
// on the loopback interface.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds of what the command line may ask for.
const (
	connectionsMax = 64
	secondsMax     = 30
	headBytesMax   = 16 << 10
	samplesMax     = 1 << 20
)

var answer = []byte("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n")

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "upstream":
		err = upstream()
	case len(os.Args) == 5 && os.Args[1] == "run":
		err = generate(os.Args[2], os.Args[3], os.Args[4])
	default:
		err = errors.New("usage: load upstream | load run PORT CONNECTIONS SECONDS < request")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// upstream answers every request with the same 200, prints its port and ends when its standard input does.
func upstream() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answerAll(connection)
	}
}

func answerAll(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, headBytesMax)
	for {
		_, size, err := readHead(reader)
		if err != nil {
			return
		}
		if _, err := reader.Discard(size); err != nil {
			return
		}
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}

// readHead reads up to the empty line and returns the first line and the content length. A message that is neither
// of known length nor without a body ends the connection: neither end of this benchmark sends one.
func readHead(reader *bufio.Reader) (first []byte, size int, err error) {
	for total := 0; total < headBytesMax; {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return nil, 0, err
		}
		total += len(line)
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && first != nil {
			return first, size, nil
		}
		if first == nil {
			first = bytes.Clone(line)
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if size, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || size < 0 {
				return nil, 0, errors.New("content length is not a number")
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			return nil, 0, errors.New("transfer encodings are not read here")
		}
	}
	return nil, 0, errors.New("head is too large")
}

// report is what one run prints, as JSON.
type report struct {
	Requests int     `json:"requests"`
	NotOK    int     `json:"notOk"`
	Broken   int     `json:"broken"`
	Seconds  float64 `json:"seconds"`
	P50Us    float64 `json:"p50Us"`
	P99Us    float64 `json:"p99Us"`
	CPUUs    float64 `json:"cpuUs"`
}

// worker is what one connection saw.
type worker struct {
	done, notOK, broken int
	latencies           []time.Duration
}

func generate(port, connections, seconds string) error {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("port is not a number")
	}
	count, err := strconv.Atoi(connections)
	if err != nil || count < 1 || count > connectionsMax {
		return fmt.Errorf("connections must be 1 to %d", connectionsMax)
	}
	length, err := strconv.ParseFloat(seconds, 64)
	if err != nil || length <= 0 || length > secondsMax {
		return fmt.Errorf("seconds must be above 0 and at most %d", secondsMax)
	}
	request, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	if err != nil {
		return err
	}
	start := time.Now()
	end := start.Add(time.Duration(length * float64(time.Second)))
	workers := make([]worker, count)
	var group sync.WaitGroup
	for at := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			workers[at].run("127.0.0.1:"+port, request, end)
		}()
	}
	group.Wait()
	return json.NewEncoder(os.Stdout).Encode(summarise(workers, time.Since(start)))
}

// run sends the request again and again until the end, on one connection at a time.
func (w *worker) run(address string, request []byte, end time.Time) {
	for time.Now().Before(end) && w.broken < 1000 {
		connection, err := net.Dial("tcp4", address)
		if err != nil {
			w.broken++
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if w.converse(connection, request, end) != nil {
			w.broken++
		}
		connection.Close()
	}
}

func (w *worker) converse(connection net.Conn, request []byte, end time.Time) error {
	reader := bufio.NewReaderSize(connection, headBytesMax)
	for {
		before := time.Now()
		if !before.Before(end) {
			return nil
		}
		// An answer that never comes must not keep the benchmark.
		connection.SetDeadline(end.Add(2 * time.Second))
		if _, err := connection.Write(request); err != nil {
			return err
		}
		first, size, err := readHead(reader)
		if err != nil {
			return err
		}
		if _, err := reader.Discard(size); err != nil {
			return err
		}
		w.done++
		if !strings.HasPrefix(string(first), "HTTP/1.1 200") {
			w.notOK++
		}
		if len(w.latencies) < samplesMax {
			w.latencies = append(w.latencies, time.Since(before))
		}
	}
}

func summarise(workers []worker, took time.Duration) report {
	result := report{Seconds: took.Seconds()}
	var latencies []time.Duration
	for _, current := range workers {
		result.Requests += current.done
		result.NotOK += current.notOK
		result.Broken += current.broken
		latencies = append(latencies, current.latencies...)
	}
	slices.Sort(latencies)
	if len(latencies) > 0 {
		result.P50Us = float64(latencies[len(latencies)/2].Nanoseconds()) / 1000
		result.P99Us = float64(latencies[len(latencies)*99/100].Nanoseconds()) / 1000
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil && result.Requests > 0 {
		spent := usage.Utime.Nano() + usage.Stime.Nano()
		result.CPUUs = float64(spent) / 1000 / float64(result.Requests)
	}
	return result
}
