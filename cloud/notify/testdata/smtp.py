"""A mail server for tests: aiosmtpd, with STARTTLS and sign-in required. It prints its port and keeps each mail in a folder.

Arguments: folder, certificate, key.
"""
import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = pathlib.Path(sys.argv[1])


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):
        name = "%04d" % len(list(folder.iterdir()))
        text = "X-Sender: %s\r\nX-Receivers: %s\r\n" % (envelope.mail_from, ",".join(envelope.rcpt_tos))
        (folder / name).write_bytes(text.encode() + envelope.content)
        return "250 taken"


def known(server, session, envelope, mechanism, data):
    ok = isinstance(data, LoginPassword) and data.login == b"cardea" and data.password == b"right horse"
    return AuthResult(success=ok)


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[2], sys.argv[3])
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Keep(), tls_context=tls, require_starttls=True, auth_required=True, authenticator=known, enable_SMTPUTF8=True, hostname="localhost"),
        "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the test closes it


asyncio.run(main())
