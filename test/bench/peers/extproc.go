// An ext_proc server on grpc-go that lets everything pass and looks at nothing: what asking costs by itself.

package main

import (
	"fmt"
	"io"
	"net"
	"os"

	service "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
)

// idleProcessor is an ext_proc server on grpc-go that lets everything pass and looks at nothing.
type idleProcessor struct {
	service.UnimplementedExternalProcessorServer
}

// serveExtProc prints its port and ends when its standard input does.
func serveExtProc() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	server := grpc.NewServer()
	service.RegisterExternalProcessorServer(server, idleProcessor{})
	return server.Serve(listener)
}

// Process answers each message with the empty answer of its kind. Bodies come buffered here, so none is given back.
func (idleProcessor) Process(stream service.ExternalProcessor_ProcessServer) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil
		}
		response := &service.ProcessingResponse{}
		switch request.Request.(type) {
		case *service.ProcessingRequest_RequestHeaders:
			response.Response = &service.ProcessingResponse_RequestHeaders{RequestHeaders: &service.HeadersResponse{}}
		case *service.ProcessingRequest_RequestBody:
			response.Response = &service.ProcessingResponse_RequestBody{RequestBody: &service.BodyResponse{}}
		case *service.ProcessingRequest_RequestTrailers:
			response.Response = &service.ProcessingResponse_RequestTrailers{RequestTrailers: &service.TrailersResponse{}}
		default:
			return nil
		}
		if err := stream.Send(response); err != nil {
			return nil
		}
	}
}
