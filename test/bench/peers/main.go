// Command peers runs one of the Go engines that the benchmark compares Merlon with, in its own process and on one
// locked thread, and answers with that thread's CPU time. The protocol is described in ../wire.ts. As `extproc` it is
// instead an ext_proc server that does nothing; as `seclang` it is Coraza with rules of the caller.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
	"unsafe"

	"syscall"
)

// request is one HTTP request of the mix. Strings hold the bytes as they were on the wire.
type request struct {
	method, target string
	headers        [][2]string
	body           []byte
}

// engine inspects one request and says whether it would block it.
type engine interface {
	name() string
	inspect(*request) (bool, error)
}

// frameBytesMax bounds a frame; the mix holds no larger request.
const frameBytesMax = 8 << 20

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: peers coraza|libinjection|extproc|seclang")
	}
	switch os.Args[1] {
	case "extproc":
		return serveExtProc()
	case "seclang":
		return judgeRules()
	}
	chosen, err := newEngine(os.Args[1])
	if err != nil {
		return err
	}
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<16)
	requests, err := readMix(in)
	if err != nil {
		return err
	}
	name := chosen.name()
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(name))))
	out.WriteString(name)
	if err := out.Flush(); err != nil {
		return err
	}
	runtime.LockOSThread()
	for {
		var order [3]uint32
		if err := binary.Read(in, binary.LittleEndian, &order); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if order[0] > order[1] || int(order[1]) > len(requests) || order[2] == 0 {
			return fmt.Errorf("order %v is outside of the mix of %d", order, len(requests))
		}
		reply, err := runOrder(chosen, requests[order[0]:order[1]], int(order[2]))
		if err != nil {
			return err
		}
		out.Write(reply)
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func newEngine(name string) (engine, error) {
	switch name {
	case "coraza":
		return newCoraza()
	case "libinjection":
		return libinjectionEngine{}, nil
	}
	return nil, fmt.Errorf("unknown engine %q", name)
}

// runOrder inspects every request `repeat` times. The CPU time of a request is the mean over the repeats.
func runOrder(chosen engine, requests []*request, repeat int) ([]byte, error) {
	spent := make([]uint64, len(requests))
	blocked := make([]byte, len(requests))
	var total uint64
	for turn := 0; turn < repeat; turn++ {
		for at, current := range requests {
			before := threadCPU()
			verdict, err := chosen.inspect(current)
			cost := uint64(threadCPU() - before)
			if err != nil {
				return nil, err
			}
			total += cost
			spent[at] += cost
			if verdict {
				blocked[at] = 1
			}
		}
	}
	reply := binary.LittleEndian.AppendUint64(nil, total)
	for at := range requests {
		reply = binary.LittleEndian.AppendUint64(reply, spent[at]/uint64(repeat))
		reply = append(reply, blocked[at])
	}
	return reply, nil
}

// threadCPU is clock_gettime(CLOCK_THREAD_CPUTIME_ID); the number of the clock is 3 on every Linux.
func threadCPU() time.Duration {
	var spec syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&spec)), 0)
	return time.Duration(spec.Nano())
}

func readMix(in io.Reader) ([]*request, error) {
	var count uint32
	if err := binary.Read(in, binary.LittleEndian, &count); err != nil {
		return nil, err
	}
	var requests []*request
	for index := uint32(0); index < count; index++ {
		var size uint32
		if err := binary.Read(in, binary.LittleEndian, &size); err != nil {
			return nil, err
		}
		if size > frameBytesMax {
			return nil, fmt.Errorf("request %d has %d bytes, the limit is %d", index, size, frameBytesMax)
		}
		frame := make([]byte, size)
		if _, err := io.ReadFull(in, frame); err != nil {
			return nil, err
		}
		decoded, err := decodeFrame(frame)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", index, err)
		}
		requests = append(requests, decoded)
	}
	return requests, nil
}

func decodeFrame(frame []byte) (*request, error) {
	number := func() uint32 {
		if len(frame) < 4 {
			frame = nil
			return 0
		}
		value := binary.LittleEndian.Uint32(frame)
		frame = frame[4:]
		return value
	}
	field := func() []byte {
		size := int(number())
		if size > len(frame) {
			size = len(frame)
		}
		value := frame[:size]
		frame = frame[size:]
		return value
	}
	decoded := &request{method: string(field()), target: string(field())}
	for left := number(); left > 0 && len(frame) > 0; left-- {
		decoded.headers = append(decoded.headers, [2]string{string(field()), string(field())})
	}
	decoded.body = field()
	if len(frame) != 0 {
		return nil, fmt.Errorf("%d bytes too many", len(frame))
	}
	return decoded, nil
}
