#!/usr/bin/env python3
"""verify_leaf.py FOLDER NAME: does a strict client of OpenSSL take leaf.pem (key leaf.key) for NAME, trusting ca.pem alone?"""
import ssl, sys

folder, name = sys.argv[1:]
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(f"{folder}/leaf.pem", f"{folder}/leaf.key")
client_context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
client_context.verify_flags |= ssl.VERIFY_X509_STRICT
client_context.hostname_checks_common_name = False
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
client = client_context.wrap_bio(down, up, server_hostname=name)
server = server_context.wrap_bio(up, down, server_side=True)
waiting = {client, server}
for _ in range(8):
    for end in list(waiting):
        try:
            end.do_handshake()
            waiting.discard(end)
        except ssl.SSLWantReadError:
            pass
sys.exit(bool(waiting))
