/* regress/fuzz/fuzz_pgwire.c - whatever bytes a client sends after its start-up packet.
 *
 * One server over a memory store for the whole run; each input is one connection. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "server/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int port;

static void
must(struct error *e)
{
    if (e == NULL)
        return;
    log_error("%s", e->message);
    abort();
}

/* The server lives until the process ends. */
static void
start(void)
{
    static struct arena *a;
    a = arena_create(NULL, "fuzz");
    struct node_opts *o = ARENA_NEW(a, struct node_opts);
    struct node *n;
    struct server *s;
    char *temp;
    must(dir_create_temp(a, NULL, "fuzz-pgwire", &temp));
    *o = (struct node_opts){.temp_dir = temp, .external_io_dir = "", .locality = "",
                            .insecure = true};
    must(engine_memory_open(&o->engine));
    must(node_open(o, &n));
    struct server_opts so = {.node = n, .listen_addr = "127.0.0.1:0"};
    must(server_start(&so, &s));
    port = (int)strtoll(strrchr(server_address(s), ':') + 1, NULL, 10);
}

static void
send_all(int fd, const void *p, size_t len)
{
    const uint8_t *b = p;
    while (len > 0) {
        ssize_t n = send(fd, b, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        b += n;
        len -= (size_t)n;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t hello[] = {0, 0, 0, 19, 0, 3, 0, 0, 'u', 's', 'e', 'r',
                                    0, 'r', 'o', 'o', 't', 0, 0};
    struct sockaddr_in to = {.sin_family = AF_INET};
    uint8_t sink[4096];
    if (port == 0)
        start();
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        abort();
    /* A first byte of 0 leaves out the start-up packet: then the input is it. */
    if (size > 0 && data[0] != 0)
        send_all(fd, hello, sizeof(hello));
    send_all(fd, data, size);
    shutdown(fd, SHUT_WR);
    while (recv(fd, sink, sizeof(sink), 0) > 0)
        ;
    close(fd);
    return 0;
}
