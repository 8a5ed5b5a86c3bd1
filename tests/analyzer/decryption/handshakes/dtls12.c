/* SPDX-License-Identifier: GPL-2.0-only */
/* A client or a server of DTLS 1.2 with Connection IDs (RFC 9146) by Mbed TLS (3.6.6), which record.py
 * runs. Built against it as it is configured by default:
 *
 *     cc -o dtls12 dtls12.c -lmbedtls -lmbedx509 -lmbedcrypto
 *     dtls12 server|client PORT SUITE CID [mac-inside]
 *
 * CID is what the program wants to be called, "" for a client that needs no name. The client asks for
 * the time, comes back from another port as behind a NAT, and asks again. With certificates the
 * server's are cert.pem and key.pem, and the secrets go to keys.log.
 */
#include <arpa/inet.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned char KEY[] = "secretPSK", NAME[] = "ue-1";

struct end {
    int fd;
    struct sockaddr_in peer;
};

static int say(void* context, const unsigned char* data, size_t size) {
    struct end* end = context;
    return sendto(end->fd, data, size, 0, (struct sockaddr*)&end->peer, sizeof end->peer);
}

static int hear(void* context, unsigned char* data, size_t size, uint32_t patience) {
    struct end* end = context;
    struct pollfd ready = {end->fd, POLLIN, 0};
    socklen_t length = sizeof end->peer;
    if (poll(&ready, 1, patience ? (int)patience : -1) <= 0) return MBEDTLS_ERR_SSL_TIMEOUT;
    return recvfrom(end->fd, data, size, 0, (struct sockaddr*)&end->peer, &length);
}

static void note(void* file, mbedtls_ssl_key_export_type type, const unsigned char* secret,
                 size_t size, const unsigned char client[32], const unsigned char server[32],
                 mbedtls_tls_prf_types prf) {
    size_t i;
    (void)server, (void)prf;
    if (type != MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET) return;
    fprintf(file, "CLIENT_RANDOM ");
    for (i = 0; i < 32; i++) fprintf(file, "%02x", client[i]);
    fprintf(file, " ");
    for (i = 0; i < size; i++) fprintf(file, "%02x", secret[i]);
    fprintf(file, "\n");
    fflush(file);
}

static void must(int result, const char* what) {
    if (result < 0) fprintf(stderr, "%s: -0x%04x\n", what, -result), exit(1);
}

int main(int argc, char** argv) {
    int server = argc > 4 && !strcmp(argv[1], "server"), certain, suites[2] = {0}, result, i;
    unsigned char data[1500];
    struct end end = {socket(AF_INET, SOCK_DGRAM, 0), {.sin_family = AF_INET}};
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_cookie_ctx cookies;
    mbedtls_timing_delay_context timer;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    if (argc < 5) return 2;
    suites[0] = mbedtls_ssl_get_ciphersuite_id(argv[3]);
    certain = strstr(argv[3], "ECDSA") != 0;
    end.peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    end.peer.sin_port = htons(atoi(argv[2]));
    if (server) must(bind(end.fd, (struct sockaddr*)&end.peer, sizeof end.peer), "bind");
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    must(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, 0, 0), "seed");
    mbedtls_ssl_config_init(&config);
    must(mbedtls_ssl_config_defaults(&config, server, MBEDTLS_SSL_TRANSPORT_DATAGRAM, 0), "defaults");
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_ciphersuites(&config, suites);
    mbedtls_ssl_conf_read_timeout(&config, 3000);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    if (argc > 5) mbedtls_ssl_conf_encrypt_then_mac(&config, MBEDTLS_SSL_ETM_DISABLED);
    must(mbedtls_ssl_conf_cid(&config, strlen(argv[4]), MBEDTLS_SSL_UNEXPECTED_CID_IGNORE), "cid");
    if (!certain)
        must(mbedtls_ssl_conf_psk(&config, KEY, sizeof KEY - 1, NAME, sizeof NAME - 1), "psk");
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    if (server && certain) {
        must(mbedtls_x509_crt_parse_file(&certificate, "cert.pem"), "cert.pem");
        must(mbedtls_pk_parse_keyfile(&key, "key.pem", 0, mbedtls_ctr_drbg_random, &random), "key");
        must(mbedtls_ssl_conf_own_cert(&config, &certificate, &key), "certificate");
    }
    mbedtls_ssl_cookie_init(&cookies);
    must(mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random), "cookies");
    if (server)
        mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check,
                                      &cookies);
    mbedtls_ssl_init(&ssl);
    must(mbedtls_ssl_setup(&ssl, &config), "setup");
    mbedtls_ssl_set_bio(&ssl, &end, say, 0, hear);
    mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    if (!server && certain) mbedtls_ssl_set_export_keys_cb(&ssl, note, fopen("keys.log", "a"));
    do {
        mbedtls_ssl_session_reset(&ssl);
        must(mbedtls_ssl_set_cid(&ssl, MBEDTLS_SSL_CID_ENABLED, (unsigned char*)argv[4],
                                 strlen(argv[4])), "cid");
        if (server) must(mbedtls_ssl_set_client_transport_id(&ssl, NAME, sizeof NAME), "id");
        result = mbedtls_ssl_handshake(&ssl);
    } while (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED ||
             (server && result == MBEDTLS_ERR_SSL_TIMEOUT));
    must(result, "handshake");
    for (i = 0; i < 4; i++) {
        unsigned char ask[] = "\x40\x01\x12\x30\xb4time", tell[] = "\x60\x45\x12\x30\xffnoon";
        if (server) {
            if (mbedtls_ssl_read(&ssl, data, sizeof data) <= 0) break;
            tell[3] = data[3];
            must(mbedtls_ssl_write(&ssl, tell, sizeof tell - 1), "write");
            continue;
        }
        if (i == 2) close(end.fd), end.fd = socket(AF_INET, SOCK_DGRAM, 0);
        ask[3] += i;
        must(mbedtls_ssl_write(&ssl, ask, sizeof ask - 1), "write");
        must(mbedtls_ssl_read(&ssl, data, sizeof data), "read");
    }
    return mbedtls_ssl_close_notify(&ssl) < 0;
}
