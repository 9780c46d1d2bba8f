#!/bin/bash
# GitLab, for deploy-keys.sh. PROJECT is the project's ID.
# https://docs.gitlab.com/api/deploy_keys/

host() { echo GitLab; }
place() { echo "project $PROJECT"; }
keys_address() { echo "${URL%/}/api/v4/projects/$PROJECT/deploy_keys"; }
page_query() { echo "per_page=100&page=$1"; }
rights() { echo "the scope 'api' and the role Maintainer"; }
titles_are_unique() { false; }
read_only() { echo '.can_push == false'; }
as_read_only() { echo '{can_push: false}'; }
refusal() { echo "If the key has been taken, it is registered in another project: remove '$TITLE' there"; }
