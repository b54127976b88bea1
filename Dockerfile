# The image of the command line and of every host that runs on Node: the bundle, the core, and nothing to compile with.
# Nobody has built it yet: it was written where no container engine runs. Its steps are those of `npm run build`,
# which are tested, and test/hosts/build.test.ts runs the bundle alone in an empty folder as this image does.
#
#   docker build --tag merlon . && docker run --read-only --publish 8080:8080 merlon protect --help

FROM node:24-bookworm-slim AS build
WORKDIR /merlon
COPY package.json package-lock.json .npmrc bootstrap.mjs ./
RUN npm ci --ignore-scripts
COPY asconfig.json tsconfig.json ./
COPY assembly assembly
COPY hosts hosts
RUN node hosts/build.ts release image

FROM node:24-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /merlon/build/image /merlon
# The user `node` of the base image, by number, so that a cluster can see that it is not root.
USER 1000:1000
ENTRYPOINT ["node", "/merlon/hosts/cli/main.mjs"]
CMD ["protect"]
