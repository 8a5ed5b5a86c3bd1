/* SPDX-License-Identifier: GPL-2.0-only */
/* A client and a server of DTLS 1.3 by wolfSSL (5.5.4), once over loopback, as dtls13-*.pcap have
 * them. Built with HAVE_SECRET_CALLBACK, WOLFSSL_DTLS13, WOLFSSL_DTLS_CID, WOLFSSL_SEND_HRR_COOKIE
 * and OPENSSL_EXTRA; run in the folder of wolfSSL, whose certificates it takes:
 *
 *     ./dtls13 TLS13-AES128-GCM-SHA256            dtls13-gcm
 *     ./dtls13 TLS13-AES128-CCM-8-SHA256 cid      dtls13-ccm8-cid, its client with a Connection ID
 *
 * The secrets go to keys.log. Before its third request the client updates its keys.
 */
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int secret(WOLFSSL* ssl, int id, const unsigned char* key, int size, void* ctx) {
    unsigned char random[32];
    const char* name = id == CLIENT_HANDSHAKE_TRAFFIC_SECRET ? "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
        : id == SERVER_HANDSHAKE_TRAFFIC_SECRET ? "SERVER_HANDSHAKE_TRAFFIC_SECRET"
        : id == CLIENT_TRAFFIC_SECRET ? "CLIENT_TRAFFIC_SECRET_0"
        : id == SERVER_TRAFFIC_SECRET ? "SERVER_TRAFFIC_SECRET_0" : 0;
    FILE* log;
    int i;
    if (!name) return 0;
    log = fopen("keys.log", "a");
    wolfSSL_get_client_random(ssl, random, 32);
    fprintf(log, "%s ", name);
    for (i = 0; i < 32; i++) fprintf(log, "%02x", random[i]);
    fprintf(log, " ");
    for (i = 0; i < size; i++) fprintf(log, "%02x", key[i]);
    fprintf(log, "\n");
    fclose(log);
    return 0;
}

static int peer(int server, int port, const char* suite, int cid) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), n, i;
    char data[1500];
    WOLFSSL_METHOD* method = server ? wolfDTLSv1_3_server_method() : wolfDTLSv1_3_client_method();
    WOLFSSL_CTX* ctx = wolfSSL_CTX_new(method);
    WOLFSSL* ssl;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server) {
        bind(fd, (struct sockaddr*)&at, sizeof at);
        wolfSSL_CTX_use_certificate_file(ctx, "certs/server-ecc.pem", WOLFSSL_FILETYPE_PEM);
        wolfSSL_CTX_use_PrivateKey_file(ctx, "certs/ecc-key.pem", WOLFSSL_FILETYPE_PEM);
    } else
        wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, 0);
    wolfSSL_CTX_set_cipher_list(ctx, suite);
    ssl = wolfSSL_new(ctx);
    if (cid) {
        wolfSSL_dtls_cid_use(ssl);
        wolfSSL_dtls_cid_set(ssl, (unsigned char*)(server ? "server" : "cl"), server ? 6 : 2);
    }
    if (server) {
        struct sockaddr_in from; socklen_t size = sizeof from;
        recvfrom(fd, data, sizeof data, MSG_PEEK, (struct sockaddr*)&from, &size);
        connect(fd, (struct sockaddr*)&from, size);
        wolfSSL_dtls_set_peer(ssl, &from, size);
    } else {
        sleep(1);
        wolfSSL_dtls_set_peer(ssl, &at, sizeof at);
        wolfSSL_KeepArrays(ssl);
        wolfSSL_set_tls13_secret_cb(ssl, secret, 0);
    }
    wolfSSL_set_fd(ssl, fd);
    n = server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
    if (n != WOLFSSL_SUCCESS) return 1;
    for (i = 0; i < 3; i++) {
        if (!server) {
            if (i == 2) {
                wolfSSL_update_keys(ssl);
                usleep(200000);
            }
            memcpy(data, "\x40\x01\x12\x30\xb4time", 9);
            data[3] += i;
            wolfSSL_write(ssl, data, 9);
        }
        n = wolfSSL_read(ssl, data, sizeof data);
        if (n <= 0) break;
        if (server) {
            memcpy(data, "\x60\x45\x12\x30\xffnoon", 9);
            data[3] += i;
            wolfSSL_write(ssl, data, 9);
        }
    }
    wolfSSL_shutdown(ssl);
    return 0;
}

int main(int argc, char** argv) {
    wolfSSL_Init();
    alarm(8);
    if (fork() == 0) { alarm(8); return peer(1, 15684, argv[1], argc > 2); }
    peer(0, 15684, argv[1], argc > 2);
    wait(0);
    return 0;
}
