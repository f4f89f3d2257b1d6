package highwater.facts;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;

/** Exchanges frames with a broker, each on a connection of its own. */
record Link(int port) {
    private static final int TIMEOUT_MS = 60_000;

    /** A connection with a request on it. */
    record Open(Socket socket) {
        /** Returns the answer without its length; null when the broker closes instead. */
        byte[] answer() throws IOException {
            try (socket) {
                DataInputStream from = new DataInputStream(socket.getInputStream());
                return from.readNBytes(from.readInt());
            } catch (EOFException | SocketException closed) {
                return null;
            }
        }
    }

    /** Sends a frame and returns the answer without its length; null when the broker closes instead. */
    byte[] ask(byte[] frame) throws IOException {
        return open(frame).answer();
    }

    /** Sends a frame so many times on one connection, each after the answer to the one before. */
    void repeat(byte[] frame, int times) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setTcpNoDelay(true);
            DataOutputStream to = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            DataInputStream from = new DataInputStream(socket.getInputStream());
            for (int i = 0; i < times; i++) {
                to.writeInt(frame.length);
                to.write(frame);
                to.flush();
                from.readNBytes(from.readInt());
            }
        }
    }

    /** Sends a frame. */
    Open open(byte[] frame) throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(TIMEOUT_MS);
        DataOutputStream to = new DataOutputStream(socket.getOutputStream());
        to.writeInt(frame.length);
        to.write(frame);
        to.flush();
        return new Open(socket);
    }
}
