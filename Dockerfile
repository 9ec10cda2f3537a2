# Zedis in a container: `docker build -t zedis .`, then `docker run -p 6379:6379 -v zedis:/data zedis`.
# As in Redis's own image protected-mode is off: what is published can be reached. Arguments take the place of that, so that a password is
# asked for: `docker run … zedis --requirepass …`; or a file: `docker run -v ./redis.conf:/etc/redis.conf … zedis /etc/redis.conf`.

FROM rust:1.95.0-bookworm AS native
WORKDIR /build/native
COPY native/.cargo .cargo
COPY native/Cargo.toml native/Cargo.lock native/build.sh ./
COPY native/profile profile
COPY native/src src
RUN ./build.sh

FROM oven/bun:1.4.5-slim AS modules
WORKDIR /build
COPY package.json bun.lock ./
RUN bun install --frozen-lockfile --production --ignore-scripts

FROM oven/bun:1.4.5-slim
WORKDIR /opt/zedis
COPY --from=modules /build/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
COPY runtime runtime
COPY procedures procedures
# Whoever runs here may not write there.
RUN bun src/console/build.ts
COPY --from=native /build/native/target/release/libzedis.so /usr/local/lib/libzedis.so
ENV ZEDIS_LIB=/usr/local/lib/libzedis.so
RUN groupadd --system zedis && useradd --system --gid zedis --home-dir /data zedis && install -d -o zedis -g zedis /data
USER zedis
WORKDIR /data
VOLUME /data
EXPOSE 6379
STOPSIGNAL SIGTERM
# REDISCLI_AUTH is the password where there is one; a server that asks for one lives, too.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["bun", "/opt/zedis/src/cli/zedis.ts", "cli", "PING"]
ENTRYPOINT ["bun", "/opt/zedis/src/cli/zedis.ts", "server"]
CMD ["--protected-mode", "no"]
