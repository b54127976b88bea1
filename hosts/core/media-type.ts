/** What a media type says about how a body goes on: alone, or as a stream of messages. Types are in lower case. */

/** Whether a request is gRPC proper, which needs HTTP/2 up to the application. */
export function isGrpc(mediaType: string): boolean {
  return mediaType.startsWith("application/grpc") && !mediaType.startsWith("application/grpc-web");
}

/**
 * Whether a body is a sequence of messages that each stand alone: five bytes of head, the last four the size.
 * Such a body is released message by message, because the client may wait for an answer before it sends the next.
 */
export function isMessageFramed(mediaType: string): boolean {
  return isGrpc(mediaType) || mediaType.startsWith("application/connect+");
}
